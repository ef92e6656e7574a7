package integration

import (
	"math/rand"
	"net/http"
	"time"
)

// State is how far an account is. Later means: not possible now, to be tried again.
type State string

const (
	Active  State = "active"
	Gone    State = "gone"
	Refused State = "refused"
	Later   State = "later"
)

// Account is a user of a system as far as it is known.
type Account struct {
	State State  `json:"state"`
	ID    string `json:"id,omitempty"`
	Why   string `json:"why,omitempty"`
}

const (
	maxTries = 3
	// firstPause comes before the second try; it doubles with each further one.
	firstPause = 40 * time.Millisecond
	// longestWait is the longest Retry-After for which a caller is kept waiting.
	longestWait = 5 * time.Second
)

// waitAfter waits before the next try: what the API asks for, else longer each time. It returns
// false if that is too long.
func waitAfter(answer Answer, tries int) bool {
	if answer.RetryAfter > longestWait {
		return false
	}
	if answer.RetryAfter >= 0 {
		time.Sleep(answer.RetryAfter + 20*time.Millisecond)
		return true
	}
	pause := firstPause << (tries - 1)
	// Spread, so that many clients do not come back together.
	time.Sleep(pause*3/4 + time.Duration(rand.Int63n(int64(pause/2))))
	return true
}

// ensureUser makes sure that a person has exactly one user.
func ensureUser(s system, person Person) Account {
	why, renewed := "", false
	for tries := 1; tries <= maxTries; tries++ {
		answer := s.create(person)
		if answer.isSuccess() {
			if id := s.idIn(answer.Body); id != "" {
				return Account{State: Active, ID: id}
			}
		}
		why = answer.reason()
		if answer.Status == http.StatusUnauthorized && !renewed {
			renewed = true // the next try reads the credentials again
			continue
		}
		isLast := answer.isFinal() || tries == maxTries || !waitAfter(answer, tries)
		// Whatever the answer was, the user may exist: from this try, or from an earlier one.
		if user := s.find(person.Email); user.id != "" {
			return Account{State: Active, ID: user.id}
		}
		if answer.isFinal() {
			return Account{State: Refused, Why: why}
		}
		if isLast {
			break
		}
	}
	return Account{State: Later, Why: why}
}

// ensureNoUser makes sure that a person has no user, where the system can remove one.
func ensureNoUser(s system, email string, account Account) Account {
	r, ok := s.(remover)
	if !ok || account.State != Active {
		return account
	}
	why, renewed := "", false
	for tries := 1; tries <= maxTries; tries++ {
		answer := r.remove(account.ID)
		if answer.isSuccess() {
			return Account{State: Gone}
		}
		why = answer.reason()
		if answer.Status == http.StatusUnauthorized && !renewed {
			renewed = true
			continue
		}
		if !answer.isFinal() && tries < maxTries {
			waitAfter(answer, tries)
		}
		// A refusal may mean that an earlier try has removed it.
		if user := s.find(email); user.known && user.id == "" {
			return Account{State: Gone}
		}
		if answer.isFinal() {
			return Account{State: Refused, Why: why}
		}
	}
	return Account{State: Later, Why: why}
}
