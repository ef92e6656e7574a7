// STANDIN_URL=http://localhost:4020 go test ./...
package users

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"
)

// signUp stands for the code under test. It retries when the API is down.
func signUp(api, token, email string) (int, error) {
	user, err := json.Marshal(map[string]any{
		"firstName": "Ada", "email": email, "role": "user", "password": "analytical-engine",
		"allowCustomerPortalAccess": true,
	})
	if err != nil {
		return 0, err
	}
	for tries := 1; ; tries++ {
		request, err := http.NewRequest("POST", api+"/resellers/reseller-001/users", bytes.NewReader(user))
		if err != nil {
			return 0, err
		}
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, err
		}
		answer.Body.Close()
		if answer.StatusCode < 500 || tries == 3 {
			return answer.StatusCode, nil
		}
	}
}

// sandbox creates an isolated sandbox for one test, so that tests may run in parallel.
type sandbox struct {
	t     *testing.T
	url   string
	token string
}

func newSandbox(t *testing.T) *sandbox {
	t.Helper()
	server := os.Getenv("STANDIN_URL")
	if server == "" {
		server = "http://localhost:4020"
	}
	own := &sandbox{t: t, url: server}
	var made struct{ Name, Prefix string }
	own.ask("POST", "/sandboxes", map[string]any{"ttl": "10m"}, &made)
	own.url = server + made.Prefix
	t.Cleanup(func() { own.ask("DELETE", "/sandboxes/"+made.Name, nil, nil) })
	var credentials struct{ Cryptlex struct{ Token string } }
	own.ask("GET", "/credentials", nil, &credentials)
	own.token = credentials.Cryptlex.Token
	return own
}

// ask calls the admin API of the sandbox and decodes the answer into result.
func (s *sandbox) ask(method, path string, body, result any) {
	s.t.Helper()
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		sent = bytes.NewReader(data)
	}
	request, err := http.NewRequest(method, s.url+"/_standin"+path, sent)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token := os.Getenv("STANDIN_ADMIN_TOKEN"); token != "" {
		request.Header.Set("Standin-Admin-Token", token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode > 299 {
		s.t.Fatalf("%s %s: %d %s (%v)", method, path, answer.StatusCode, text, err)
	}
	if result != nil {
		if err := json.Unmarshal(text, result); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *sandbox) verify(expectation map[string]any) {
	s.t.Helper()
	var verdict struct {
		Passed  bool
		Results []struct{ Difference string }
	}
	s.ask("POST", "/verify", map[string]any{"expectations": []any{expectation}}, &verdict)
	if !verdict.Passed {
		s.t.Error(verdict.Results[0].Difference)
	}
}

func TestSigningUpCreatesOneUserAndTheWebhookComes(t *testing.T) {
	t.Parallel()
	own := newSandbox(t)
	if status, err := signUp(own.url+"/v3", own.token, "ada@example.test"); err != nil || status != 201 {
		t.Fatal(status, err)
	}

	own.verify(map[string]any{
		"operation": "createResellerUser",
		"match":     map[string]any{"fields": map[string]any{"email": "ada@example.test", "role": "user"}},
		"count":     map[string]any{"exactly": 1},
	})
	var awaited struct {
		Fulfilled bool
		Pending   []any
	}
	own.ask("GET", "/deliveries/await?event=reseller.user.created&timeout=5s", nil, &awaited)
	if !awaited.Fulfilled {
		t.Error(fmt.Sprint("no webhook came: ", awaited.Pending))
	}
}

func TestSigningUpIsTriedAgainWhenTheAPIIsDown(t *testing.T) {
	t.Parallel()
	own := newSandbox(t)
	own.ask("POST", "/faults", map[string]any{"fault": "503;times=2"}, nil)
	if status, err := signUp(own.url+"/v3", own.token, "ada@example.test"); err != nil || status != 201 {
		t.Fatal(status, err)
	}

	var unfired struct{ Faults []any }
	own.ask("GET", "/faults?unfired=true", nil, &unfired)
	if len(unfired.Faults) > 0 {
		t.Error(unfired.Faults)
	}
	own.verify(map[string]any{"status": 503, "count": map[string]any{"exactly": 2}})
}
