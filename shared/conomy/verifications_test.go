package conomy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cedula/shared/apidocs"
	"cedula/shared/blnk"
	"cedula/shared/identity"
)

// contactCaller is a trusted caller whose identities need verified contacts.
var contactCaller = withSetting(trustedCaller, "steps", "contact")

// testOutcomeBody is a person whose email and phone are verified by 000000.
const testOutcomeBody = `{"name":"Ana","email":"ana+verifies@example.com","phone":"+56900000001","documentType":"RUT","documentNumber":"11.111.111-1","idv":"iv-1","country":"CHL"}`

func TestVerificationLifecycle(t *testing.T) {
	w := newTestAPI(t)
	id := w.mustCreate(createRequest(testOutcomeBody).WithCaller(testModeCaller))
	for _, q := range []request{
		verifyRequest(id, "email").WithCaller(testModeCaller).WithHeader("Idempotency-Key", "send"),
		verifyRequest(id, "email").WithCaller(testModeCaller).WithHeader("Idempotency-Key", "send"),
		verifyRequest(id, "email").WithCaller(testModeCaller), // within the resend interval
		confirmRequest(id, "email", `{"code":"111111"}`).WithCaller(testModeCaller),
		confirmRequest(id, "email", `{"code":"000000"}`).WithCaller(testModeCaller),
		confirmRequest(id, "email", `{"code":"000000"}`).WithCaller(testModeCaller), // already used
		verifyRequest(id, "email").WithCaller(testModeCaller),                       // already verified
		verifyRequest(id, "phone").WithCaller(testModeCaller),
		confirmRequest(id, "phone", `{"code":"000000"}`).WithCaller(testModeCaller),
		newRequest("hold-identity", id, `{"reason":"asked for by a court"}`).WithCaller(reviewingCaller),
		newRequest("release-identity", id, "").WithCaller(reviewingCaller),
		newRequest("decide-screening", id, `{"decision":"clear","reason":"no list names her","reviewer":"rosa"}`).WithCaller(reviewingCaller),
		newRequest("decide-screening", id, `{"decision":"clear","reason":"again","reviewer":"rosa"}`).WithCaller(reviewingCaller),
		patchRequest(id, `{"email":"new+verifies@example.com","phone":"+56900000001"}`),
		verifyRequest(id, "email").WithCaller(testModeCaller), // for the new address
		confirmRequest(id, "email", `{"code":"000000"}`).WithCaller(testModeCaller),
		patchRequest(id, `{"status":"SCREENING"}`).WithCaller(trustedCaller),
		patchRequest(id, `{"status":"BLOCKED"}`).WithCaller(trustedCaller),
		getRequest(id),
	} {
		w.Now = w.Now.Add(20 * time.Second)
		w.Send(q)
	}
	w.CheckGolden("life")
}

func TestVerificationErrors(t *testing.T) {
	w := newTestAPI(t)
	id := w.mustCreate(createRequest(testOutcomeBody).WithCaller(testModeCaller))
	active := w.mustCreate(createRequest(minimalWith("x", "1")).WithCaller(trustedCaller))
	long := strings.Repeat("x", 257)
	for _, tt := range []step{
		{newRequest("start-verification", id, `{}`), 400, "12", "channel is required"},
		{newRequest("start-verification", id, `{"channel":"fax"}`), 400, "11", "channel must be email or phone"},
		{verifyRequest(active, "email"), 422, "21", "an identity in status ACTIVE does not wait for its email to be proven"},
		{verifyRequest(id, "email").WithHeader("If-Match", etag(9)), 412, "21", "the identity does not have the version in If-Match"},
		{confirmRequest(id, "fax", `{"code":"000000"}`), 400, "11", "channel must be email or phone"},
		{confirmRequest(id, "email", `{}`), 400, "12", "code is required"},
		{confirmRequest(id, "email", `{"code":"12345"}`), 400, "11", "code must be six digits"},
		{confirmRequest(id, "email", `{"code":"000000"}`).WithCaller(testModeCaller), 422, "21", "no code was sent to this address; request one"},
		{confirmRequest(active, "email", `{"code":"000000"}`), 422, "21", "an identity in status ACTIVE does not wait for its email to be proven"},
		{newRequest("decide-screening", id, `{"reason":"r","reviewer":"v"}`).WithCaller(reviewingCaller), 400, "12", "decision is required"},
		{newRequest("decide-screening", id, `{"decision":"maybe","reason":"r","reviewer":"v"}`).WithCaller(reviewingCaller), 400, "11", "decision must be clear or reject"},
		{newRequest("decide-screening", id, `{"decision":"clear","reviewer":"v"}`).WithCaller(reviewingCaller), 400, "12", "reason is required"},
		{newRequest("decide-screening", id, `{"decision":"clear","reason":"r"}`).WithCaller(reviewingCaller), 400, "12", "reviewer is required"},
		{newRequest("decide-screening", id, `{"decision":"clear","reason":"`+long+`","reviewer":"v"}`).WithCaller(reviewingCaller), 400, "11", "reason must have at most 256 characters"},
		{newRequest("decide-screening", id, `{"decision":"clear","reason":"r","reviewer":"v"}`).WithCaller(reviewingCaller), 422, "21", "an identity in status PENDING cannot be cleared, only one in status SCREENING"},
		{newRequest("decide-screening", active, `{"decision":"reject","reason":"r","reviewer":"v"}`).WithCaller(reviewingCaller), 422, "21", "an identity in status ACTIVE cannot be rejected, only a pending one"},
		{newRequest("hold-identity", id, `{}`).WithCaller(reviewingCaller), 400, "12", "reason is required"},
		{patchRequest(active, `{"status":"PENDING"}`).WithCaller(trustedCaller), 422, "21", "an identity in status ACTIVE cannot become PENDING, only INACTIVE or BLOCKED"},
		{patchRequest(active, `{"status":"GOLD"}`).WithCaller(trustedCaller), 400, "11", "status must be a status, such as ACTIVE"},
		{patchRequest(active, `{"status":"BLOCKED"}`).WithCaller(strictCaller), 400, "11", "status cannot be changed"},
		{patchRequest(id, `{"email":"no address"}`), 400, "11", "email must be an email address such as name@example.com"},
		{patchRequest(id, `{"phone":"+5491155550000"}`), 400, "11", "phone must have a dial code of the country and a length that is used there"},
	} {
		wantError(t, w.Send(tt.request), tt.status, tt.code, tt.detail)
	}
	for _, q := range []request{
		verifyRequest("absent", "email"), verifyRequest(id, "email").WithCaller(otherTenantCaller), confirmRequest("absent", "email", `{"code":"000000"}`),
		newRequest("decide-screening", "absent", `{"decision":"clear","reason":"r","reviewer":"v"}`).WithCaller(reviewingCaller),
		newRequest("hold-identity", "absent", `{"reason":"r"}`).WithCaller(reviewingCaller), newRequest("release-identity", "absent", ``).WithCaller(reviewingCaller),
		newRequest("reactivate-identity", "absent", ``),
	} {
		wantError(t, w.Send(q), 404, "31", "identity not found")
	}
	for _, q := range []request{patchRequest(active, `{"email":"x","phone":5,"status":["BLOCKED"]}`), getRequest(active)} {
		got := w.Send(q)
		wantStatus(t, got, 200)
		wantJSON(t, got.Body, "email", `"juana.canaria.quix@example.com"`)
		wantJSON(t, got.Body, "status", `"ACTIVE"`)
	}
}

// createUnverified creates an identity through the Blnk API, which requires no fields.
func (w *testAPI) createUnverified(body string) (id string) {
	w.Helper()
	created := w.SendTo(&blnk.API{Identities: w.Identities}, createRequest(body).WithCaller(contactCaller))
	wantStatus(w, created, 201)
	return text(w, created.Body, "identity_id")
}

// TestContactChangeIsCancelledByCurrentValue also sends a current value that the Conomy API rejects as a new one.
func TestContactChangeIsCancelledByCurrentValue(t *testing.T) {
	for _, email := range []string{"", "not an email"} {
		w := newTestAPI(t)
		id := w.createUnverified(`{"first_name":"A","email_address":"` + email + `","phone_number":"+56912345678"}`)
		wantStatus(t, w.Send(patchRequest(id, `{"status":"ACTIVE"}`).WithCaller(trustedCaller)), 200)
		wantStatus(t, w.Send(patchRequest(id, `{"email":"wrong@example.com"}`)), 200)
		wantJSON(t, w.Send(getRequest(id)).Body, "pendingEmail", `"wrong@example.com"`)
		wantStatus(t, w.Send(patchRequest(id, `{"email":"`+email+`"}`)), 200)
		got := w.Send(getRequest(id)).Body
		wantJSON(t, got, "pendingEmail", "")
		wantJSON(t, got, "email", `"`+email+`"`)
	}
}

func TestStatusAndPhoneChangeTogether(t *testing.T) {
	w := newTestAPI(t)
	id := w.createUnverified(`{"first_name":"A","email_address":"ana@example.com","country":"CHL"}`)
	refused := w.Send(patchRequest(id, `{"status":"PENDING_PHONE_VALIDATION"}`).WithCaller(trustedCaller))
	wantError(t, refused, 422, "21", "an identity cannot become PENDING_PHONE_VALIDATION that has no phone to prove")
	got := w.Send(patchRequest(id, `{"status":"PENDING_PHONE_VALIDATION","phone":"+56911111111"}`).WithCaller(trustedCaller))
	wantStatus(t, got, 200)
	wantJSON(t, got.Body, "status", `"PENDING_PHONE_VALIDATION"`)
	wantJSON(t, got.Body, "phone", `"+56911111111"`)
}

func TestPhoneAndCountryChangeTogether(t *testing.T) {
	w := newTestAPI(t)
	id := w.mustCreate(createRequest(minimalBody).WithCaller(contactCaller))
	wantStatus(t, w.Send(patchRequest(id, `{"status":"ACTIVE","country":"CHL"}`).WithCaller(trustedCaller)), 200)
	was := jsonAt(t, w.Send(getRequest(id)).Body, "phone")
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
		wantStatus(t, w.Send(patchRequest(id, tt.body)), tt.status)
		got := w.Send(getRequest(id)).Body
		wantJSON(t, got, "phone", was)
		wantJSON(t, got, "country", tt.country)
		wantJSON(t, got, "pendingPhone", tt.next)
	}
}

func TestContractListsTheTransitions(t *testing.T) {
	for from, next := range identity.Transitions {
		to := strings.ReplaceAll(strings.Trim(fmt.Sprint(next), "[]"), " ", ", ")
		if line := fmt.Sprintf("| %s | %s |\n", from, to); !strings.Contains(string(apidocs.Conomy.Contract), line) {
			t.Errorf("the contract has no line %q, want every transition", line)
		}
	}
}
