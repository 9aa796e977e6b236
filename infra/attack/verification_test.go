package attack

import (
	"strings"
	"testing"
	"time"
)

// TestReplacedAddressRequiresVerification: to clear a proven address and to send another one is no way
// around its proof, in whichever dialect. It is due, and of an active identity it
// stands aside until then.
func TestReplacedAddressRequiresVerification(t *testing.T) {
	w := newTestEnv(t)
	for _, tt := range []struct {
		status, channel, member, other, found string
		reach                                 []string // the channels proven before
	}{
		{`"PENDING_PHONE_VALIDATION"`, "email", "email_address", "other@example.com", "email", []string{"email"}},
		{`"SCREENING"`, "email", "email_address", "other@example.com", "email", []string{"email", "phone"}},
		{`"SCREENING"`, "phone", "phone_number", "+56900000077", "phone", []string{"email", "phone"}},
		{`"ACTIVE"`, "phone", "phone_number", "+56900000077", "phone", []string{"email", "phone"}},
	} {
		t.Run(tt.status+tt.channel, func(t *testing.T) {
			id := w.createVerified(t, tt.reach...)
			if tt.status == `"ACTIVE"` {
				e := w.conomy.event(t, "decide-screening", id, `{"decision":"clear","reason":"r","reviewer":"v"}`)
				e.RequestContext.Authorizer = reviewerCaller
				w.conomy.send(t, "decide-screening", e)
			}
			w.blnk.call(t, "update-identity", id, `{"`+tt.member+`":""}`)
			w.blnk.call(t, "update-identity", id, `{"`+tt.member+`":"`+tt.other+`"}`)
			got := w.conomy.call(t, "get-identity", id, "").Body
			due := strings.Contains(rawField(t, got, "requirements"), `"currentlyDue":["`+tt.channel)
			if aside := rawField(t, got, tt.found) == `""`; rawField(t, got, "status") != tt.status || !due || tt.status == `"ACTIVE"` && !aside {
				t.Fatalf("an unproven %s counts: %s", tt.channel, got)
			}
			w.verifyChannel(t, id, tt.channel)
			got = w.conomy.call(t, "get-identity", id, "").Body
			if stringField(t, got, tt.found) != tt.other || rawField(t, got, "status") != tt.status {
				t.Errorf("proven, it is not there: %s", got)
			}
		})
	}
}

// createVerified is a new identity of a test client, some of whose addresses are proven.
func (w *testEnv) createVerified(t *testing.T, channels ...string) (id string) {
	t.Helper()
	w.now = w.now.Add(time.Hour)
	id = w.createPerson(t, w.now.Format("P-150405"))
	for _, c := range channels {
		w.verifyChannel(t, id, c)
	}
	return id
}

func (w *testEnv) verifyChannel(t *testing.T, id, channel string) {
	t.Helper()
	w.now = w.now.Add(time.Minute)
	if got := w.conomy.call(t, "start-verification", id, `{"channel":"`+channel+`"}`); got.StatusCode != 201 {
		t.Fatalf("%d %s", got.StatusCode, got.Body)
	}
	e := w.conomy.event(t, "confirm-verification", id, `{"code":"000000"}`)
	e.PathParameters["channel"] = channel
	if got := w.conomy.send(t, "confirm-verification", e); got.StatusCode != 200 {
		t.Fatalf("%d %s", got.StatusCode, got.Body)
	}
}

// TestInvalidAddressReceivesNoCode: Blnk's dialect takes any text for an address, and no code is sent
// to what is none.
func TestInvalidAddressReceivesNoCode(t *testing.T) {
	w := newTestEnv(t)
	id := w.createPerson(t, "P-000001")
	w.blnk.call(t, "update-identity", id, `{"email_address":"Juana Canaria","phone_number":"at home"}`)
	for _, channel := range []string{"email", "phone"} {
		if got := w.conomy.call(t, "start-verification", id, `{"channel":"`+channel+`"}`); got.StatusCode != 422 {
			t.Errorf("%s: %d %s", channel, got.StatusCode, got.Body)
		}
	}
}
