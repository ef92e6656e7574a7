// Prints "<call> <status> <id>" of each call, as Go's net/http saw it.
package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"os"
)

func post(path, file string, head func(*http.Request)) (int, []byte) {
	body, err := os.ReadFile(file)
	check(err)
	request, err := http.NewRequest("POST", os.Args[1]+path, bytes.NewReader(body))
	check(err)
	head(request)
	response, err := http.DefaultClient.Do(request)
	check(err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	check(err)
	return response.StatusCode, answer
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	var user struct {
		User struct{ Id string }
	}
	status, answer := post("/api/v2/user", os.Args[4], func(*http.Request) {})
	check(xml.Unmarshal(answer, &user))
	fmt.Println("xml", status, user.User.Id)

	var partner struct{ UserUuid string }
	status, answer = post("/manage/v2/user/partner", os.Args[2], func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth("partner", "partner-secret")
	})
	check(json.Unmarshal(answer, &partner))
	fmt.Println("basic", status, partner.UserUuid)

	var reseller struct{ Id string }
	status, answer = post("/v3/resellers/reseller-001/users", os.Args[3], func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer standin-token")
	})
	check(json.Unmarshal(answer, &reseller))
	fmt.Println("json", status, reseller.Id)
}
