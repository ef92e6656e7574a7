// Tests that hold whatever the systems do: what the service says of an account is true, and what it
// cannot do now it does not lose. Without a fault, everything has to work.
//
//	standin resilience -- go test -count=1 ./...
package integration

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

var (
	// apis of the systems, as Standin names them.
	apis   = map[string]string{"licence": "cryptlex", "dealer": "mykaarma", "forms": "formsonfire"}
	admin  = os.Getenv("STANDIN_ADMIN_URL")
	secret = os.Getenv("STANDIN_WEBHOOK_SECRET")
)

// start runs a service for one test, to which the webhooks of its sandbox are sent until it ends.
func start(t *testing.T) string {
	server := httptest.NewServer(NewService(secret))
	t.Cleanup(server.Close)
	var subscription struct{ ID string }
	ask(t, "POST", admin+"/webhooks", map[string]any{
		"url": server.URL + "/webhooks", "events": []string{"reseller.user.created"}, "token": secret,
	}, &subscription)
	t.Cleanup(func() { ask(t, "DELETE", admin+"/webhooks/"+subscription.ID, nil, nil) })
	return server.URL
}

func ask(t *testing.T, method, url string, body, into any) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(method, url, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token := os.Getenv("STANDIN_ADMIN_TOKEN"); token != "" && strings.HasPrefix(url, admin) {
		request.Header.Set("Standin-Admin-Token", token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode > 299 {
		t.Fatalf("%s %s was answered %d", method, url, answer.StatusCode)
	}
	if into != nil {
		if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
			t.Fatal(err)
		}
	}
}

// settled returns the accounts of a person, once each of them has a state.
func settled(t *testing.T, url, email string) map[string]Account {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		var accounts map[string]Account
		ask(t, "GET", url+"/people/"+email, nil, &accounts)
		if len(accounts) == len(apis) {
			return accounts
		}
	}
	t.Fatal("an account has no state")
	return nil
}

// expectStates checks what the accounts have to be if no fault is armed.
func expectStates(t *testing.T, accounts map[string]Account, expected map[string]State) {
	t.Helper()
	if _, isCell := os.LookupEnv("STANDIN_RESILIENCE_CELL"); isCell {
		return
	}
	for name, state := range expected {
		if accounts[name].State != state {
			t.Errorf("%s is %+v, and has to be %s", name, accounts[name], state)
		}
	}
}

// expectUsers compares the users that exist with the systems where the service has one.
func expectUsers(t *testing.T, email string, has func(name string) bool) {
	t.Helper()
	var found struct{ Users []struct{ API string } }
	ask(t, "GET", admin+"/users?email="+email, nil, &found)
	count := map[string]int{}
	for _, user := range found.Users {
		count[user.API]++
	}
	for name, api := range apis {
		expected := 0
		if has(name) {
			expected = 1
		}
		if count[api] != expected {
			t.Errorf("%s has %d users, and the service says %d", name, count[api], expected)
		}
	}
}

func TestANewPersonHasOneAccountInEachSystemOrTheServiceSaysWhyNot(t *testing.T) {
	url := start(t)
	person := Person{"Ada", "Byron", "ada@example.test"}
	ask(t, "POST", url+"/people", person, nil)
	accounts := settled(t, url, person.Email)
	expectStates(t, accounts, map[string]State{"licence": Active, "dealer": Active, "forms": Active})
	expectUsers(t, person.Email, func(name string) bool { return accounts[name].State == Active })
	// Who asks again gets the same.
	var again map[string]Account
	ask(t, "POST", url+"/people", person, &again)
	if !reflect.DeepEqual(again, accounts) {
		t.Errorf("asked again, the service says %+v instead of %+v", again, accounts)
	}
}

func TestAPersonWhoLeavesHasNoneOrTheServiceSaysWhyNot(t *testing.T) {
	url := start(t)
	person := Person{"Grace", "Hopper", "grace@example.test"}
	ask(t, "POST", url+"/people", person, nil)
	earlier := settled(t, url, person.Email)
	var accounts map[string]Account
	ask(t, "DELETE", url+"/people/"+person.Email, nil, &accounts)
	expectStates(t, accounts, map[string]State{"licence": Gone, "dealer": Active, "forms": Gone})
	// An account that could not be removed is still there, and the service says so.
	expectUsers(t, person.Email, func(name string) bool {
		return earlier[name].State == Active && accounts[name].State != Gone
	})
}
