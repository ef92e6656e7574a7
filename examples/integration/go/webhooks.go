package integration

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"sync"
)

// mostRemembered events are remembered, to handle none twice.
const mostRemembered = 10_000

type webhook struct {
	Event       string
	TriggeredAt string
	Data        struct{ ID, Email string }
}

// receiver verifies webhooks over their raw bytes, answers at once, and handles each event once.
type receiver struct {
	secret []byte
	handle func(webhook)
	mutex  sync.Mutex
	seen   map[string]bool
	order  []string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if !r.isSigned(body, request.Header.Get("Webhook-Signature")) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var event webhook
	if json.Unmarshal(body, &event) != nil || event.Data.ID == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
	// A webhook that is sent twice has the same content, and not always the same delivery id.
	if r.isNew(event.Event + " " + event.Data.ID + " " + event.TriggeredAt) {
		go r.handle(event)
	}
}

func (r *receiver) isSigned(body []byte, signature string) bool {
	given, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, r.secret)
	mac.Write(body)
	return hmac.Equal(given, mac.Sum(nil))
}

func (r *receiver) isNew(identity string) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.seen[identity] {
		return false
	}
	r.seen[identity] = true
	r.order = append(r.order, identity)
	if len(r.order) > mostRemembered {
		delete(r.seen, r.order[0])
		r.order = r.order[1:]
	}
	return true
}
