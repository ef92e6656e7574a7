// Package integration gives a new employee an account in three systems, and survives what they do.
//
//	POST /people {firstName, lastName, email}   adds a person; the answer says how far it is
//	GET /people/{email}                         the state of each account
//	DELETE /people/{email}                      removes the accounts that can be removed
//	POST /webhooks                              the receiver of Cryptlex' webhooks
package integration

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// patience is the time after which the work of a webhook is done without it.
	patience    = 300 * time.Millisecond
	largestBody = 1 << 20
)

// employee has the accounts of one person.
type employee struct {
	person Person
	// work is held while a system is called, so that nothing is done twice, whether the webhook comes
	// early, twice or never.
	work     sync.Mutex
	mutex    sync.Mutex // guards accounts
	accounts map[string]Account
}

func (e *employee) account(name string) (Account, bool) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	account, ok := e.accounts[name]
	return account, ok
}

func (e *employee) set(name string, account Account) Account {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.accounts[name] = account
	return account
}

func (e *employee) report() map[string]Account {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	copied := make(map[string]Account, len(e.accounts))
	for name, account := range e.accounts {
		copied[name] = account
	}
	return copied
}

func (e *employee) add() {
	e.work.Lock()
	defer e.work.Unlock()
	if _, ok := e.account("licence"); ok {
		return
	}
	licence := e.set("licence", ensureUser(licences{}, e.person))
	e.set("dealer", ensureUser(dealers{}, e.person))
	if licence.State == Active {
		time.AfterFunc(patience, e.openForms)
	} else {
		e.set("forms", Account{State: Later, Why: "there is no licence yet"})
	}
}

// openForms creates the account at Forms On Fire once, whoever asks for it.
func (e *employee) openForms() {
	e.work.Lock()
	defer e.work.Unlock()
	if _, ok := e.account("forms"); !ok {
		e.set("forms", ensureUser(forms{}, e.person))
	}
}

func (e *employee) remove() {
	e.work.Lock()
	defer e.work.Unlock()
	if _, ok := e.account("forms"); !ok {
		e.set("forms", Account{State: Gone})
	}
	e.removeFrom("licence", licences{})
	e.removeFrom("forms", forms{})
}

func (e *employee) removeFrom(name string, s system) {
	if account, ok := e.account(name); ok {
		e.set(name, ensureNoUser(s, e.person.Email, account))
	}
}

// Service is the handler of the service.
type Service struct {
	receiver receiver
	mutex    sync.Mutex
	people   map[string]*employee
}

// NewService returns a service that accepts webhooks signed with the secret.
func NewService(secret string) *Service {
	s := &Service{people: map[string]*employee{}}
	s.receiver = receiver{secret: []byte(secret), seen: map[string]bool{}, handle: func(event webhook) {
		if e := s.find(event.Data.Email); e != nil && event.Event == "reseller.user.created" {
			e.openForms()
		}
	}}
	return s
}

func (s *Service) find(email string) *employee {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.people[strings.ToLower(email)]
}

// enter returns the employee, new or known.
func (s *Service) enter(person Person) *employee {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.people[person.Email] == nil {
		s.people[person.Email] = &employee{person: person, accounts: map[string]Account{}}
	}
	return s.people[person.Email]
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, largestBody)
	name := strings.TrimPrefix(r.URL.Path, "/people/")
	isOne := name != r.URL.Path
	switch {
	case r.URL.Path == "/webhooks" && r.Method == http.MethodPost:
		s.receiver.ServeHTTP(w, r)
	case r.URL.Path == "/people" && r.Method == http.MethodPost:
		var person Person
		if json.NewDecoder(r.Body).Decode(&person) != nil ||
			person.FirstName == "" || person.LastName == "" || person.Email == "" {
			http.Error(w, "a person has a firstName, a lastName and an email", http.StatusBadRequest)
			return
		}
		person.Email = strings.ToLower(person.Email)
		e := s.enter(person) // the webhook may come before the answer
		e.add()
		write(w, e)
	case isOne && (r.Method == http.MethodGet || r.Method == http.MethodDelete):
		e := s.find(name)
		if e == nil {
			http.NotFound(w, r)
			return
		}
		if r.Method == http.MethodDelete {
			e.remove()
		}
		write(w, e)
	default:
		http.NotFound(w, r)
	}
}

func write(w http.ResponseWriter, e *employee) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(e.report()) // a caller who has gone needs no answer
}
