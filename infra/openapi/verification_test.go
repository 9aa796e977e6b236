package openapi_test

import (
	"fmt"
	"strings"
	"time"

	"cedula/shared/identity"
)

const decisionBody = `{"decision":"clear","reason":"r","reviewer":"v"}`

// verificationAndScreening takes identities from pending on, for a test client that may decide about
// screenings and not about statuses.
func (w *conomyTestEnv) verificationAndScreening() {
	usual := w.caller
	defer func() { w.caller = usual }()
	w.caller = callerWith("identity:read identity:write identity:review", "lenient")
	w.caller["stage"], w.caller["steps"] = "test", "contact+screening"
	id := w.create(501, "")
	w.verifications("/identities/" + id)
	w.screenings("/identities/" + id)
	w.holds("/identities/" + w.create(502, ""))
	w.contactChange("/identities/"+id, 501)
}

func (w *conomyTestEnv) verifications(one string) {
	verify := one + "/verifications"
	email := verify + "/email/confirm"
	w.send(404, "POST", "/identities/"+missingID+"/verifications", `{"channel":"email"}`)
	w.send(404, "POST", "/identities/"+missingID+"/verifications/email/confirm", `{"code":"000000"}`)
	for _, bad := range []string{"", "[]", "{}", `{"channel":"fax"}`, `{"channel":1}`} {
		w.send(400, "POST", verify, bad)
	}
	w.send(422, "POST", email, `{"code":"000000"}`) // none was sent
	w.send(201, "POST", verify, `{"channel":"email"}`, "Idempotency-Key", "v", "Accept-Language", "pt, *;q=0.1")
	w.send(201, "POST", verify, `{"channel":"email"}`, "Idempotency-Key", "v", "Accept-Language", "pt, *;q=0.1")
	w.send(422, "POST", verify, `{"channel":"phone"}`, "Idempotency-Key", "v")
	w.send(412, "POST", verify, `{"channel":"phone"}`, "If-Match", `"1"`)
	w.send(429, "POST", verify, `{"channel":"email"}`)
	for _, bad := range []string{"", "[]", "{}", `{"code":"1"}`, `{"code":1}`, `{"code":"999999"}`} {
		w.send(400, "POST", email, bad)
	}
	w.send(400, "POST", verify+"/fax/confirm", `{"code":"000000"}`)
	w.send(412, "POST", email, `{"code":"000000"}`, "If-Match", `"1"`)
	w.send(200, "POST", email, `{"code":"000000"}`, "Idempotency-Key", "c")
	w.send(200, "POST", email, `{"code":"000000"}`, "Idempotency-Key", "c")
	w.send(422, "POST", email, `{"code":"000001"}`, "Idempotency-Key", "c")
	w.send(422, "POST", email, `{"code":"000000"}`) // it was used
	w.send(422, "POST", verify, `{"channel":"email"}`)
	w.send(201, "POST", verify, `{"channel":"phone"}`)
	for range identity.MaxCodeAttempts {
		w.send(400, "POST", verify+"/phone/confirm", `{"code":"999999"}`)
	}
	w.send(422, "POST", verify+"/phone/confirm", `{"code":"000000"}`) // of which no more is tried
}

func (w *conomyTestEnv) screenings(one string) {
	screen := one + "/screening"
	w.send(422, "POST", screen, decisionBody) // its phone is not proven
	other := "/identities/" + w.create(503, "")
	w.send(200, "POST", other+"/screening", strings.Replace(decisionBody, "clear", "reject", 1), "Idempotency-Key", "s")
	w.send(200, "POST", other+"/screening", strings.Replace(decisionBody, "clear", "reject", 1), "Idempotency-Key", "s")
	w.send(422, "POST", other+"/screening", decisionBody, "Idempotency-Key", "s")
	w.send(412, "POST", other+"/screening", decisionBody, "If-Match", `"1"`)
	w.send(404, "POST", "/identities/"+missingID+"/screening", decisionBody)
	for _, bad := range []string{"", "[]", "{}", `{"decision":"odd","reason":"r","reviewer":"v"}`, `{"decision":"clear"}`, `{"decision":"clear","reason":1}`} {
		w.send(400, "POST", screen, bad)
	}
}

func (w *conomyTestEnv) holds(one string) {
	hold := one + "/hold"
	w.send(200, "POST", hold, `{"reason":"r"}`, "Idempotency-Key", "h")
	w.send(200, "GET", one, "")
	w.send(422, "POST", hold, `{"reason":"other"}`, "Idempotency-Key", "h")
	w.send(412, "POST", hold, `{"reason":"r"}`, "If-Match", `"1"`)
	w.send(404, "POST", "/identities/"+missingID+"/hold", `{"reason":"r"}`)
	for _, bad := range []string{"", "[]", "{}", `{"reason":1}`, `{"reason":"` + strings.Repeat("x", identity.MaxTextLength+1) + `"}`} {
		w.send(400, "POST", hold, bad)
	}
	w.send(412, "DELETE", hold, "", "If-Match", `"1"`)
	w.send(200, "DELETE", hold, "", "Idempotency-Key", "h2")
	w.send(200, "DELETE", hold, "") // nothing to end
	w.send(422, "DELETE", hold, "", "Idempotency-Key", "h")
	w.send(404, "DELETE", "/identities/"+missingID+"/hold", "")
}

// contactChange changes an email that was proven: it is shown beside that, until it is
// proven too, which fails if another identity is equal by then.
func (w *conomyTestEnv) contactChange(one string, number int) {
	w.send(200, "PATCH", one, `{"email":"new@example.com"}`)
	w.send(200, "GET", one, "")
	w.send(429, "POST", one+"/verifications", `{"channel":"email"}`)
	w.api.Identities.ClockOffset = func(string) time.Duration { return 2 * identity.ResendInterval }
	w.send(201, "POST", one+"/verifications", `{"channel":"email"}`)
	equal := strings.Replace(personBody(number, ""), fmt.Sprintf("n%d@", number), "new@", 1)
	w.send(200, "POST", "/identities", equal)
	w.send(409, "POST", one+"/verifications/email/confirm", `{"code":"000000"}`)
}
