package integration

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// Person is a new employee.
type Person struct {
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Email     string `json:"email"`
}

// found is the result of a search: known tells whether there is one, id is empty if no user exists.
type found struct {
	known bool
	id    string
}

// system is one vendor's API.
type system interface {
	create(Person) Answer
	// idIn returns the id in the answer to a create call, or "".
	idIn(json.RawMessage) string
	find(email string) found
}

// remover is a system that can remove users; one of the three cannot.
type remover interface {
	remove(id string) Answer
}

const password = "analytical-engine-1"

// licences is Cryptlex.
type licences struct{}

func (licences) users() string {
	return os.Getenv("STANDIN_CRYPTLEX_URL") + "/resellers/reseller-001/users"
}

// header is read for each call: a token may be renewed while the service runs.
func (licences) header() http.Header {
	return http.Header{"Authorization": {"Bearer " + os.Getenv("STANDIN_CRYPTLEX_TOKEN")}}
}

func (l licences) create(person Person) Answer {
	return send("POST", l.users(), l.header(), map[string]any{
		"firstName": person.FirstName, "lastName": person.LastName, "email": person.Email,
		"role": "user", "password": password, "allowCustomerPortalAccess": true,
	})
}

func (licences) idIn(body json.RawMessage) string {
	var user struct{ ID string }
	return read(body, &user, &user.ID)
}

func (l licences) find(email string) found {
	answer := send("GET", l.users()+"?email="+url.QueryEscape(email), l.header(), nil)
	var users []struct{ ID, Email string }
	if answer.Status != http.StatusOK || json.Unmarshal(answer.Body, &users) != nil {
		return found{}
	}
	for _, user := range users {
		if strings.EqualFold(user.Email, email) {
			return found{user.ID != "", user.ID}
		}
	}
	return found{known: true}
}

func (l licences) remove(id string) Answer {
	return send("DELETE", l.users()+"/"+url.PathEscape(id), l.header(), nil)
}

// dealers is myKaarma, which has no call that removes a user.
type dealers struct{}

func (dealers) users() string { return os.Getenv("STANDIN_MYKAARMA_URL") + "/v2/user" }

func (dealers) header() http.Header {
	request := http.Request{Header: http.Header{}}
	request.SetBasicAuth(os.Getenv("STANDIN_MYKAARMA_USERNAME"), os.Getenv("STANDIN_MYKAARMA_PASSWORD"))
	return request.Header
}

func (d dealers) create(person Person) Answer {
	return send("POST", d.users()+"/partner", d.header(), map[string]any{
		"dealerUUID": "dealer-uuid-001", "departmentUUID": "department-uuid-001",
		"roleUUID": "role-uuid-001", "firstName": person.FirstName, "lastName": person.LastName,
		"emailAddress": person.Email, "username": person.Email, "password": password,
		"userInvite": true, "sendEmail": false, "userInviteEmailTemplate": "SIMPLE",
	})
}

func (dealers) idIn(body json.RawMessage) string {
	var user struct {
		UUID string `json:"userUuid"`
	}
	return read(body, &user, &user.UUID)
}

func (d dealers) find(email string) found {
	answer := send("GET", d.users()+"/dealer/dealer-uuid-001", d.header(), nil)
	var list struct {
		Users *[]struct{ UUID, Email string }
	}
	if answer.Status != http.StatusOK || json.Unmarshal(answer.Body, &list) != nil || list.Users == nil {
		return found{}
	}
	for _, user := range *list.Users {
		if strings.EqualFold(user.Email, email) {
			return found{user.UUID != "", user.UUID}
		}
	}
	return found{known: true}
}

// forms is Forms On Fire, which takes its key in the body, or in the query of a GET.
type forms struct{}

func (forms) users() string { return os.Getenv("STANDIN_FORMSONFIRE_URL") + "/v2/user" }
func (forms) key() string   { return os.Getenv("STANDIN_FORMSONFIRE_INTEGRATION_KEY") }
func (forms) company() int {
	id, _ := strconv.Atoi(os.Getenv("STANDIN_FORMSONFIRE_COMPANY_ID")) // 0 is refused
	return id
}

func (f forms) create(person Person) Answer {
	return send("POST", f.users(), nil, map[string]any{
		"CompanyId": f.company(), "IntegrationKey": f.key(), "Email": person.Email,
		"FirstName": person.FirstName, "LastName": person.LastName, "WebsiteRole": "User",
	})
}

func (forms) idIn(body json.RawMessage) string {
	var created struct{ User struct{ ID string } }
	return read(body, &created, &created.User.ID)
}

func (f forms) find(email string) found {
	query := url.Values{
		"CompanyId": {strconv.Itoa(f.company())}, "IntegrationKey": {f.key()},
		"Email": {email}, "Format": {"json"},
	}
	answer := send("GET", f.users()+"?"+query.Encode(), nil, nil)
	if answer.Status == http.StatusBadRequest { // its answer for an unknown user
		return found{known: true}
	}
	if answer.Status != http.StatusOK {
		return found{}
	}
	id := f.idIn(answer.Body)
	return found{id != "", id}
}

func (f forms) remove(id string) Answer {
	return send("DELETE", f.users(), nil, map[string]any{
		"CompanyId": f.company(), "IntegrationKey": f.key(), "Id": id,
	})
}

// read decodes a body, and returns the field of it that id points to.
func read(body json.RawMessage, into any, id *string) string {
	if json.Unmarshal(body, into) != nil {
		return ""
	}
	return *id
}
