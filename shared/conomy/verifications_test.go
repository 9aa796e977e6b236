package conomy_test

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/identity"
)

// withSetting is a caller with a setting of its client.
func withSetting(caller map[string]any, name, value string) map[string]any {
	caller = maps.Clone(caller)
	caller[name] = value
	return caller
}

var (
	reviewingCaller = caller("acme", auth.ScopeIdentityReview)
	testModeCaller  = withSetting(withSetting(defaultCaller, "stage", "test"), "steps", "contact+screening")
)

// testOutcomeBody is a person whose email and phone are proven by 000000.
const testOutcomeBody = `{"name":"Ana","email":"ana+verifies@example.com","phone":"+56900000001","documentType":"RUT","documentNumber":"11.111.111-1","idv":"iv-1","country":"CHL"}`

func confirmRequest(id, channel, code string) request {
	return newRequest("confirm-verification", id, `{"code":"`+code+`"}`).withParam("channel", channel)
}

func verifyRequest(id, channel string) request {
	return newRequest("start-verification", id, `{"channel":"`+channel+`"}`)
}

// TestVerificationLifecycle pins whole answers on the way from PENDING to ACTIVE and beyond.
func TestVerificationLifecycle(t *testing.T) {
	w := newTestAPI(t)
	id := w.mustCreate(request{body: testOutcomeBody, caller: testModeCaller})
	for _, q := range []request{
		verifyRequest(id, "email").withCaller(testModeCaller).withHeader("Idempotency-Key", "send"),
		verifyRequest(id, "email").withCaller(testModeCaller).withHeader("Idempotency-Key", "send"),
		verifyRequest(id, "email").withCaller(testModeCaller), // too soon
		confirmRequest(id, "email", "111111").withCaller(testModeCaller),
		confirmRequest(id, "email", "000000").withCaller(testModeCaller),
		confirmRequest(id, "email", "000000").withCaller(testModeCaller), // used
		verifyRequest(id, "email").withCaller(testModeCaller),            // proven
		verifyRequest(id, "phone").withCaller(testModeCaller),
		confirmRequest(id, "phone", "000000").withCaller(testModeCaller),
		newRequest("hold-identity", id, `{"reason":"asked for by a court"}`).withCaller(reviewingCaller),
		newRequest("release-identity", id, "").withCaller(reviewingCaller),
		newRequest("decide-screening", id, `{"decision":"clear","reason":"no list names her","reviewer":"rosa"}`).withCaller(reviewingCaller),
		newRequest("decide-screening", id, `{"decision":"clear","reason":"again","reviewer":"rosa"}`).withCaller(reviewingCaller),
		patchRequest(id, `{"email":"new+verifies@example.com","phone":"+56900000001"}`),
		verifyRequest(id, "email").withCaller(testModeCaller), // of the new one
		confirmRequest(id, "email", "000000").withCaller(testModeCaller),
		patchRequest(id, `{"status":"SCREENING"}`).withCaller(trustedCaller),
		patchRequest(id, `{"status":"BLOCKED"}`).withCaller(trustedCaller),
		getRequest(id),
	} {
		w.now = w.now.Add(20 * time.Second)
		w.send(q)
	}
	w.checkGolden("life")
}

// TestVerificationErrors: each bad request to the calls of the life of an identity.
func TestVerificationErrors(t *testing.T) {
	w := newTestAPI(t)
	id := w.mustCreate(request{body: testOutcomeBody, caller: testModeCaller})
	active := w.mustCreate(request{body: minimalWith("x", "1"), caller: trustedCaller})
	long := strings.Repeat("x", 257)
	for _, tt := range []struct {
		request
		status int
		code   string
		detail string
	}{
		{newRequest("start-verification", id, `{}`), 400, "12", "channel is required"},
		{newRequest("start-verification", id, `{"channel":"fax"}`), 400, "11", "channel must be email or phone"},
		{newRequest("start-verification", id, `{"channel":5}`), 400, "11", "channel must be a string"},
		{newRequest("start-verification", id, ``), 400, "14", "body is empty"},
		{verifyRequest("nobody", "email"), 404, "31", "identity not found"},
		{verifyRequest(id, "email").withCaller(otherTenantCaller), 404, "31", "identity not found"},
		{verifyRequest(active, "email"), 422, "21", "an identity in status ACTIVE does not wait for its email to be proven"},
		{verifyRequest(id, "email").withHeader("If-Match", `"9"`), 412, "21", "the identity has another version than If-Match names"},
		{confirmRequest(id, "fax", "000000"), 400, "11", "channel must be email or phone"},
		{newRequest("confirm-verification", id, `{}`).withParam("channel", "email"), 400, "12", "code is required"},
		{confirmRequest(id, "email", "12345"), 400, "11", "code must be six digits"},
		{confirmRequest(id, "email", "000000").withCaller(testModeCaller), 422, "21", "no code was sent to this address; ask for one"},
		{confirmRequest(active, "email", "000000"), 422, "21", "an identity in status ACTIVE does not wait for its email to be proven"},
		{newRequest("decide-screening", id, `{"reason":"r","reviewer":"v"}`).withCaller(reviewingCaller), 400, "12", "decision is required"},
		{newRequest("decide-screening", id, `{"decision":"maybe","reason":"r","reviewer":"v"}`).withCaller(reviewingCaller), 400, "11", "decision must be clear or reject"},
		{newRequest("decide-screening", id, `{"decision":"clear","reviewer":"v"}`).withCaller(reviewingCaller), 400, "12", "reason is required"},
		{newRequest("decide-screening", id, `{"decision":"clear","reason":"r"}`).withCaller(reviewingCaller), 400, "12", "reviewer is required"},
		{newRequest("decide-screening", id, `{"decision":"clear","reason":"`+long+`","reviewer":"v"}`).withCaller(reviewingCaller), 400, "11", "reason must have at most 256 characters"},
		{newRequest("decide-screening", id, `{"decision":"clear","reason":"r","reviewer":"v"}`).withCaller(reviewingCaller), 422, "21", "an identity in status PENDING cannot be cleared, only one in status SCREENING"},
		{newRequest("decide-screening", active, `{"decision":"reject","reason":"r","reviewer":"v"}`).withCaller(reviewingCaller), 422, "21", "an identity in status ACTIVE cannot be rejected, only a pending one"},
		{newRequest("hold-identity", id, `{}`).withCaller(reviewingCaller), 400, "12", "reason is required"},
		{newRequest("hold-identity", id, `{"reason":"a\u0007b"}`).withCaller(reviewingCaller), 400, "11", "reason must not hold control characters"},
		{newRequest("release-identity", "nobody", ``).withCaller(reviewingCaller), 404, "31", "identity not found"},
		{newRequest("hold-identity", "nobody", `{"reason":"r"}`).withCaller(reviewingCaller), 404, "31", "identity not found"},
		{newRequest("decide-screening", "nobody", `{"decision":"clear","reason":"r","reviewer":"v"}`).withCaller(reviewingCaller), 404, "31", "identity not found"},
		{newRequest("reactivate-identity", "nobody", ``), 404, "31", "identity not found"},
		{confirmRequest("nobody", "email", "000000"), 404, "31", "identity not found"},
		{patchRequest(active, `{"status":"PENDING"}`).withCaller(trustedCaller), 422, "21", "an identity in status ACTIVE cannot become PENDING, only INACTIVE or BLOCKED"},
		{patchRequest(active, `{"status":"GOLD"}`).withCaller(trustedCaller), 400, "11", "status must be a status, such as ACTIVE"},
		{patchRequest(active, `{"status":null}`).withCaller(trustedCaller), 400, "11", "status must be a string"},
		{patchRequest(active, `{"status":"BLOCKED"}`).withCaller(withStrictMode(defaultCaller)), 400, "11", "status cannot be changed"},
		{patchRequest(id, `{"email":"no address"}`), 400, "11", "email must be an email address such as name@example.com"},
		{patchRequest(id, `{"email":7}`), 400, "11", "email must be a string"},
		{patchRequest(id, `{"phone":"+5491155550000"}`), 400, "11", "phone must have a dial code of the country and a length that is used there"},
	} {
		wantError(t, w.send(tt.request), tt.status, tt.code, tt.detail)
	}
	for _, q := range []request{patchRequest(active, `{"email":"x","phone":5,"status":["BLOCKED"]}`), getRequest(active)} {
		got := w.send(q)
		wantStatus(t, got, 200)
		wantJSON(t, got.Body, "email", `"juana.canaria.qzxv@example.com"`)
		wantJSON(t, got.Body, "status", `"ACTIVE"`)
	}
}

// createUnverified makes an identity through the other dialect, which asks for less, whose
// addresses are to be proven.
func (w *testAPI) createUnverified(body string) (id string) {
	made := w.sendTo(&blnk.API{Identities: w.api.Identities}, request{operation: "create-identity", body: body, caller: withSetting(trustedCaller, "steps", "contact")})
	wantStatus(w.TB, made, 201)
	return strings.Trim(jsonAt(w.TB, made.Body, "identity_id"), `"`)
}

// TestContactChangeIsCancelledByCurrentValue: a change is taken back by the present address, also by
// one that this dialect would not take anew.
func TestContactChangeIsCancelledByCurrentValue(t *testing.T) {
	for _, email := range []string{"", "not an email"} {
		w := newTestAPI(t)
		id := w.createUnverified(`{"first_name":"A","email_address":"` + email + `","phone_number":"+56912345678"}`)
		wantStatus(t, w.send(patchRequest(id, `{"status":"ACTIVE"}`).withCaller(trustedCaller)), 200)
		wantStatus(t, w.send(patchRequest(id, `{"email":"wrong@example.com"}`)), 200)
		wantJSON(t, w.send(getRequest(id)).Body, "pendingEmail", `"wrong@example.com"`)
		wantStatus(t, w.send(patchRequest(id, `{"email":"`+email+`"}`)), 200)
		got := w.send(getRequest(id)).Body
		wantJSON(t, got, "pendingEmail", "")
		wantJSON(t, got, "email", `"`+email+`"`)
	}
}

// TestStatusAndPhoneChangeTogether: one change may bring both.
func TestStatusAndPhoneChangeTogether(t *testing.T) {
	w := newTestAPI(t)
	id := w.createUnverified(`{"first_name":"A","email_address":"ana@example.com","country":"CHL"}`)
	refused := w.send(patchRequest(id, `{"status":"PENDING_PHONE_VALIDATION"}`).withCaller(trustedCaller))
	wantError(t, refused, 422, "21", "an identity cannot become PENDING_PHONE_VALIDATION that has no phone to prove")
	got := w.send(patchRequest(id, `{"status":"PENDING_PHONE_VALIDATION","phone":"+56911111111"}`).withCaller(trustedCaller))
	wantStatus(t, got, 200)
	wantJSON(t, got.Body, "status", `"PENDING_PHONE_VALIDATION"`)
	wantJSON(t, got.Body, "phone", `"+56911111111"`)
}

// TestPhoneAndCountryChangeTogether: they are changed together, and taken back together.
func TestPhoneAndCountryChangeTogether(t *testing.T) {
	w := newTestAPI(t)
	person := withSetting(defaultCaller, "steps", "contact")
	id := w.mustCreate(request{body: minimalBody, caller: withSetting(trustedCaller, "steps", "contact")})
	wantStatus(t, w.send(patchRequest(id, `{"status":"ACTIVE","country":"CHL"}`).withCaller(trustedCaller)), 200)
	was := jsonAt(t, w.send(getRequest(id)).Body, "phone")
	for _, tt := range []struct {
		body          string
		status        int
		country, next string
	}{
		{`{"country":"ARG"}`, 400, `"CHL"`, ``},
		{`{"phone":` + was + `,"country":"ARG"}`, 400, `"CHL"`, ``},
		{`{"phone":"+5491123456789","country":"ARG"}`, 200, `"ARG"`, `"+5491123456789"`},
		{`{"phone":` + was + `,"country":"ARG"}`, 400, `"ARG"`, `"+5491123456789"`},
		{`{"phone":` + was + `}`, 400, `"ARG"`, `"+5491123456789"`},
		{`{"country":"CHL"}`, 400, `"ARG"`, `"+5491123456789"`},
		{`{"phone":` + was + `,"country":"CHL"}`, 200, `"CHL"`, ``},
		{`{"phone":` + was + `,"country":"CHL"}`, 200, `"CHL"`, ``},
	} {
		wantStatus(t, w.send(patchRequest(id, tt.body).withCaller(person)), tt.status)
		got := w.send(getRequest(id)).Body
		wantJSON(t, got, "phone", was)
		wantJSON(t, got, "country", tt.country)
		wantJSON(t, got, "pendingPhone", tt.next)
	}
}

// TestContractListsTheTransitions: the table of the contract's text is the core's.
func TestContractListsTheTransitions(t *testing.T) {
	text, err := os.ReadFile("../apidocs/conomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range identity.Transitions {
		var to []string
		for _, s := range row.To {
			to = append(to, string(s))
		}
		if line := fmt.Sprintf("| %s | %s |\n", row.From, strings.Join(to, ", ")); !strings.Contains(string(text), line) {
			t.Errorf("the contract has no line %q, want every transition", line)
		}
	}
}
