// A careful client with net/http. Arguments: the URL of a sandbox.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

var client = &http.Client{Timeout: 10 * time.Second}

func send(url, body string) (int, string) {
	for tries := 1; ; tries++ {
		method, reader := "GET", io.Reader(nil)
		if body != "" {
			method, reader = "POST", strings.NewReader(body)
		}
		request, err := http.NewRequest(method, url, reader)
		if err != nil {
			panic(err)
		}
		request.Header.Set("Authorization", "Bearer standin-token")
		if body != "" {
			request.Header.Set("Content-Type", "application/json")
		}
		answer, err := client.Do(request)
		if err != nil {
			panic(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		again := answer.StatusCode == 429 || answer.StatusCode == 503
		if !again || tries == 4 {
			return answer.StatusCode, string(text)
		}
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		pause := time.Duration(seconds) * time.Second
		if pause == 0 {
			pause = time.Duration(50<<tries) * time.Millisecond
		}
		time.Sleep(pause)
	}
}

func person(name string) string {
	return fmt.Sprintf(`{"firstName":"%s","email":"%s@example.test","role":"user","allowCustomerPortalAccess":true,"password":"not-kept"}`, name, name)
}

func main() {
	users := os.Args[1] + "/v3/resellers/reseller-001/users"
	list, _ := send(users, "")
	ada, _ := send(users, person("ada"))
	bad, _ := send(users, `{"firstName":"Nobody"}`)
	bob, _ := send(users, person("bob"))
	_, look := send(users+"?email=bob%40example.test", "")
	found := "lost"
	if strings.Contains(look, "bob@") {
		found = "found"
	}
	fmt.Println(list, ada, bad, bob, found)
}
