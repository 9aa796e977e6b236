package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cedula/shared/identity"
)

// pendingIdentity calls the APIs of a running server for an identity that has to
// prove what it says.
type pendingIdentity struct {
	*server
	headers []string
	id      string
	email   string
	phone   string
}

// createPending makes an identity that waits for everything.
func (s *server) createPending(t *testing.T, n int) *pendingIdentity {
	t.Helper()
	p := &pendingIdentity{
		server: s, email: fmt.Sprintf("ana%d@example.com", n), phone: fmt.Sprintf("+5691234%04d", n),
		headers: []string{"Authorization", "Bearer " + s.token(t), "x-api-key", s.credentials.ConomyKey},
	}
	a := p.call(t, "POST", "", fmt.Sprintf(`{"name":"Ana","email":%q,"phone":%q,"documentType":"RUT","documentNumber":"1111111%d","idv":"iv","country":"CHL","status":"PENDING"}`, p.email, p.phone, n))
	if a.status != 200 || jsonField(t, a, "status") != "PENDING" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	p.id = jsonField(t, a, "id")
	return p
}

func (p *pendingIdentity) call(t *testing.T, method, path, body string) httpResponse {
	t.Helper()
	url := p.conomy + "/identities"
	if p.id != "" {
		url += "/" + p.id
	}
	return call(t, method, url+path, body, p.headers...)
}

// waitForMessages are those that arrived at an address, waited for.
func (p *pendingIdentity) waitForMessages(t *testing.T, to string, many int) []mailboxMessage {
	t.Helper()
	for range 200 {
		var list []mailboxMessage
		a := call(t, "GET", p.mailbox+"/messages?to="+strings.ReplaceAll(to, "+", "%2B"), "")
		if err := json.Unmarshal(a.body, &list); err != nil {
			t.Fatal(err)
		}
		if len(list) >= many {
			return list
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("fewer than %d letters arrived", many)
	return nil
}

// verifyChannel goes the way of a channel: a code is asked for, read and confirmed.
func (p *pendingIdentity) verifyChannel(t *testing.T, channel, address string, letters int) httpResponse {
	t.Helper()
	if a := p.call(t, "POST", "/verifications", `{"channel":"`+channel+`"}`); a.status != 201 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	code := p.waitForMessages(t, address, letters)[0].Code
	a := p.call(t, "POST", "/verifications/"+channel+"/confirm", `{"code":"`+code+`"}`)
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return a
}

// advanceClock moves the sandbox's time.
func (s *server) advanceClock(t *testing.T, by time.Duration) {
	t.Helper()
	if a := call(t, "POST", s.mailbox+"/clock", `{"advance":"`+by.String()+`"}`); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
}

// TestActivationThroughMailbox: a new identity becomes active by the API and what
// arrives in the mailbox, and every status of the table is reached.
func TestActivationThroughMailbox(t *testing.T) {
	s := startServer(t, t.TempDir())
	p := s.createPending(t, 1)
	met := []string{"PENDING"}
	meet := func(a httpResponse, want identity.Status) {
		t.Helper()
		if got := jsonField(t, a, "status"); a.status != 200 || got != string(want) {
			t.Errorf("%d %s, want %s", a.status, a.body, want)
		}
		met = append(met, string(want))
	}
	if a := p.call(t, "POST", "/verifications", `{"channel":"phone"}`); a.status != 201 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	meet(p.call(t, "GET", "", ""), identity.PendingEmailValidation)
	meet(p.verifyChannel(t, "email", p.email, 1), identity.PendingPhoneValidation)
	code := p.waitForMessages(t, p.phone, 1)[0].Code
	meet(p.call(t, "POST", "/verifications/phone/confirm", `{"code":"`+code+`"}`), identity.Active)
	meet(p.call(t, "PATCH", "/deactivate", ""), identity.Inactive)
	meet(p.call(t, "PATCH", "", `{"status":"BLOCKED"}`), identity.Blocked)
	second := s.createPending(t, 2)
	meet(second.call(t, "PATCH", "", `{"status":"SCREENING"}`), identity.Screening)
	meet(second.call(t, "POST", "/screening", `{"decision":"reject","reason":"a hit","reviewer":"rosa"}`), identity.Rejected)
	for _, row := range identity.Transitions {
		if !slices.Contains(met, string(row.From)) {
			t.Errorf("%s was not reached", row.From)
		}
	}
	letter := p.waitForMessages(t, p.email, 1)[0]
	if letter.Language != "es" || letter.Purpose != "code" || !strings.Contains(letter.Text, letter.Code) {
		t.Errorf("%+v", letter)
	}
	if err := s.stop(t); err != nil {
		t.Error(err)
	}
	for _, secret := range []string{p.email, p.phone, code, letter.Code} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// TestClockAdvanceExpiresIdentity: what takes days is tried in a second, for one tenant alone.
func TestClockAdvanceExpiresIdentity(t *testing.T) {
	folder := t.TempDir()
	s := startServer(t, folder)
	p := s.createPending(t, 1)
	for body, want := range map[string]int{`{"advance":"-1h"}`: 400, `{"advance":"soon"}`: 400, `{`: 400, `{"advance":"1h","tenant":"other"}`: 200} {
		if a := call(t, "POST", s.mailbox+"/clock", body); a.status != want {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	s.advanceClock(t, 7*24*time.Hour-time.Minute)
	if a := p.call(t, "GET", "", ""); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	s.advanceClock(t, 2*time.Minute)
	if a := p.call(t, "GET", "", ""); a.status != 404 || jsonField(t, a, "code") != "31" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := call(t, "GET", s.mailbox+"/clock", ""); jsonField(t, a, "ahead") != "168h1m0s" || jsonField(t, a, "tenant") != "sandbox" {
		t.Errorf("%s", a.body)
	}
	if err := s.stop(t); err != nil {
		t.Fatal(err)
	}
	s = startServer(t, folder) // its schedule runs at once, by the tenant's time
	defer func() { _ = s.stop(t) }()
	s.waitForLog(t, regexp.MustCompile(`"job":"expire-pending","us":\d+,"examined":\d+,"expired":1,"kept":\d+,.*"complete":true`))
	if again := s.createPending(t, 1); again.id == p.id {
		t.Error("the same identity")
	}
}

// TestReminderArrives a day before an identity lapses.
func TestReminderArrives(t *testing.T) {
	folder := t.TempDir()
	s := startServer(t, folder)
	p := s.createPending(t, 1)
	s.advanceClock(t, 6*24*time.Hour+time.Hour)
	if err := s.stop(t); err != nil {
		t.Fatal(err)
	}
	p.server = startServer(t, folder)
	defer func() { _ = p.stop(t) }()
	letter := p.waitForMessages(t, p.email, 1)[0]
	if letter.Purpose != "reminder" || letter.Code != "" || letter.Language != "es" {
		t.Errorf("%+v", letter)
	}
}

// waitForLog waits for a line.
func (s *server) waitForLog(t *testing.T, want *regexp.Regexp) {
	t.Helper()
	for range 250 {
		if want.MatchString(s.log.String()) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("the log has no line like %s:\n%s", want, s.log.String())
}
