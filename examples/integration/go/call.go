package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

// timeout limits one call, from the connection to the last byte of the answer.
var timeout = timeoutFrom(os.Getenv("API_TIMEOUT_MS"))

func timeoutFrom(text string) time.Duration {
	if ms, err := strconv.Atoi(text); err == nil && ms > 0 {
		return time.Duration(ms) * time.Millisecond
	}
	return time.Second
}

// Answer is what became of a call. A status of 0 means that nothing is known: there was no answer,
// or it could not be read to its end.
type Answer struct {
	Status     int
	Body       json.RawMessage
	RetryAfter time.Duration // negative if the answer names none
	Err        error
}

func (a Answer) isSuccess() bool { return a.Status >= 200 && a.Status < 300 }

// isFinal says that the same call would be refused again.
func (a Answer) isFinal() bool {
	switch a.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return a.Status >= 300 && a.Status < 500
}

func (a Answer) reason() string {
	if a.Err != nil {
		return a.Err.Error()
	}
	return fmt.Sprint("the answer was ", a.Status)
}

// send makes one call. What it returns with a success is valid JSON, or empty.
func send(method, url string, header http.Header, body any) Answer {
	unknown := func(err error) Answer { return Answer{RetryAfter: -1, Err: err} }
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return unknown(err)
		}
		content = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return unknown(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return unknown(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return unknown(err)
	}
	answer := Answer{Status: response.StatusCode, RetryAfter: retryAfter(response.Header)}
	// The body of a failure may be the page of a gateway, and its status is enough. A success whose
	// body cannot be read tells nothing about what was stored.
	if answer.isSuccess() {
		if len(text) > 0 && !json.Valid(text) {
			return unknown(fmt.Errorf("the body of the answer %d is not JSON", answer.Status))
		}
		answer.Body = text
	}
	return answer
}

func retryAfter(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return -1
	}
	return time.Duration(seconds) * time.Second
}
