package local

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cedula/infra/local/mailbox"
	"cedula/shared/identity"
)

// pendingIdentity is an identity of a running server whose contacts are not verified yet.
type pendingIdentity struct {
	*server
	headers []string
	id      string
	contact map[string]string // by channel
}

func (s *server) createPending(t *testing.T, n int) *pendingIdentity {
	t.Helper()
	p := &pendingIdentity{server: s, headers: s.conomyHeaders(t), contact: map[string]string{
		"email": fmt.Sprintf("ana%d@example.com", n), "phone": fmt.Sprintf("+5691234%04d", n),
	}}
	body := fmt.Sprintf(`{"name":"Ana","email":%q,"phone":%q,"documentType":"RUT","documentNumber":"1111111%d","idv":"iv","country":"CHL","status":"PENDING"}`, p.contact["email"], p.contact["phone"], n)
	a := call(t, "POST", p.conomy+"/identities", body, p.headers...)
	a.want(t, 200, `"status":"PENDING"`)
	p.id = a.field(t, "id")
	return p
}

func (p *pendingIdentity) call(t *testing.T, method, path, body string) httpResponse {
	t.Helper()
	return call(t, method, p.conomy+"/identities/"+p.id+path, body, p.headers...)
}

// messages waits until as many messages have arrived at an address.
func (s *server) messages(t *testing.T, to string, count int) []mailbox.Message {
	t.Helper()
	for range 1000 {
		var list []mailbox.Message
		a := call(t, "GET", s.mailbox+"/messages?to="+url.QueryEscape(to), "")
		if err := json.Unmarshal(a.body, &list); err != nil {
			t.Fatal(err)
		}
		if len(list) >= count {
			return list
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("fewer than %d messages arrived", count)
	return nil
}

// verify requests a code for a channel, reads it in the mailbox and confirms it.
func (p *pendingIdentity) verify(t *testing.T, channel string) httpResponse {
	t.Helper()
	p.call(t, "POST", "/verifications", `{"channel":"`+channel+`"}`).want(t, 201)
	code := p.messages(t, p.contact[channel], 1)[0].Code
	return p.call(t, "POST", "/verifications/"+channel+"/confirm", `{"code":"`+code+`"}`)
}

func (s *server) advanceClock(t *testing.T, by time.Duration) {
	t.Helper()
	call(t, "POST", s.mailbox+"/clock", `{"advance":"`+by.String()+`"}`).want(t, 200)
}

// TestEveryStatusIsReachable: an identity becomes active through the API and what arrives in the mailbox, and every status
// of the transition table is reached.
func TestEveryStatusIsReachable(t *testing.T) {
	s := startServer(t, t.TempDir())
	reached := []identity.Status{identity.Pending}
	reach := func(a httpResponse, want identity.Status) {
		t.Helper()
		a.want(t, 200)
		if got := a.field(t, "status"); got != string(want) {
			t.Errorf("identity status = %s, want %s", got, want)
		}
		reached = append(reached, want)
	}
	p := s.createPending(t, 1)
	p.call(t, "POST", "/verifications", `{"channel":"email"}`).want(t, 201)
	reach(p.call(t, "GET", "", ""), identity.PendingEmailValidation)
	message := p.messages(t, p.contact["email"], 1)[0]
	reach(p.call(t, "POST", "/verifications/email/confirm", `{"code":"`+message.Code+`"}`), identity.PendingPhoneValidation)
	reach(p.verify(t, "phone"), identity.Active)
	reach(p.call(t, "PATCH", "/deactivate", ""), identity.Inactive)
	reach(p.call(t, "PATCH", "", `{"status":"BLOCKED"}`), identity.Blocked)
	other := s.createPending(t, 2)
	reach(other.call(t, "PATCH", "", `{"status":"SCREENING"}`), identity.Screening)
	reach(other.call(t, "POST", "/screening", `{"decision":"reject","reason":"a hit","reviewer":"rosa"}`), identity.Rejected)
	for status := range identity.Transitions {
		if !slices.Contains(reached, status) {
			t.Errorf("status %s was not reached", status)
		}
	}
	if message.Language != "es" || message.Purpose != "code" || !strings.Contains(message.Text, message.Code) {
		t.Errorf("message = %+v, want a code in Spanish", message)
	}
	s.stop(t)
	if strings.Contains(s.log.String(), message.Code) {
		t.Errorf("the log contains the code %s", message.Code)
	}
}

func TestClockAdvanceExpiresIdentity(t *testing.T) {
	folder := t.TempDir()
	s := startServer(t, folder)
	p := s.createPending(t, 1)
	s.advanceClock(t, 7*24*time.Hour-time.Minute)
	p.call(t, "GET", "", "").want(t, 200)
	s.advanceClock(t, 2*time.Minute)
	p.call(t, "GET", "", "").want(t, 404, `"code":"31"`)
	call(t, "GET", s.mailbox+"/clock", "").want(t, 200, `"ahead":"168h1m0s"`, `"tenant":"sandbox"`)
	s.stop(t)
	s = startServer(t, folder) // its jobs run immediately, by the tenant's time
	s.waitFor(t, s.log, regexp.MustCompile(`"job":"expire-pending","us":\d+,"examined":\d+,"expired":1,"kept":\d+,.*"complete":true`))
	if again := s.createPending(t, 1); again.id == p.id {
		t.Errorf("id of a new identity = %s, want another than the expired one's", again.id)
	}
	s.stop(t)
}

// TestReminderArrives a day before the identity expires.
func TestReminderArrives(t *testing.T) {
	folder := t.TempDir()
	s := startServer(t, folder)
	p := s.createPending(t, 1)
	s.advanceClock(t, 6*24*time.Hour+time.Hour)
	s.stop(t)
	s = startServer(t, folder)
	m := s.messages(t, p.contact["email"], 1)[0]
	if m.Purpose != "reminder" || m.Code != "" || m.Language != "es" {
		t.Errorf("message = %+v, want a reminder in Spanish", m)
	}
	s.waitFor(t, s.log, regexp.MustCompile(`"job":"remind-pending","us":\d+,"examined":\d+,"reminded":1,"kept":\d+,"failed":0,"complete":true`))
	s.stop(t)
}
