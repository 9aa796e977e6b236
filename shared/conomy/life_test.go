package conomy_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/identity"
	"cedula/shared/table/faults"
)

// setting is a caller with a setting of its client.
func setting(caller map[string]any, name, value string) map[string]any {
	caller = maps.Clone(caller)
	caller[name] = value
	return caller
}

var (
	reviewer = caller("acme", auth.ScopeIdentityReview)
	tester   = setting(setting(usual, "stage", "test"), "steps", "contact+screening")
)

// scripted is a person whose email and phone are proven by 000000.
const scripted = `{"name":"Ana","email":"ana+verifies@example.com","phone":"+56900000001","documentType":"RUT","documentNumber":"11.111.111-1","idv":"iv-1","country":"CHL"}`

func confirm(id, channel, code string) request {
	return to("confirm-verification", id, `{"code":"`+code+`"}`).at("channel", channel)
}

func verify(id, channel string) request {
	return to("start-verification", id, `{"channel":"`+channel+`"}`)
}

// TestLife pins whole answers on the way from PENDING to ACTIVE and beyond.
func TestLife(t *testing.T) {
	w := newWorld(t)
	id := w.made(request{body: scripted, caller: tester})
	for _, q := range []request{
		verify(id, "email").by(tester).with("Idempotency-Key", "send"),
		verify(id, "email").by(tester).with("Idempotency-Key", "send"),
		verify(id, "email").by(tester), // too soon
		confirm(id, "email", "111111").by(tester),
		confirm(id, "email", "000000").by(tester),
		confirm(id, "email", "000000").by(tester), // used
		verify(id, "email").by(tester),            // proven
		verify(id, "phone").by(tester),
		confirm(id, "phone", "000000").by(tester),
		to("hold-identity", id, `{"reason":"asked for by a court"}`).by(reviewer),
		to("release-identity", id, "").by(reviewer),
		to("decide-screening", id, `{"decision":"clear","reason":"no list names her","reviewer":"rosa"}`).by(reviewer),
		to("decide-screening", id, `{"decision":"clear","reason":"again","reviewer":"rosa"}`).by(reviewer),
		patch(id, `{"email":"new+verifies@example.com","phone":"+56900000001"}`),
		verify(id, "email").by(tester), // of the new one
		confirm(id, "email", "000000").by(tester),
		patch(id, `{"status":"SCREENING"}`).by(trusted),
		patch(id, `{"status":"BLOCKED"}`).by(trusted),
		get(id),
	} {
		w.now = w.now.Add(20 * time.Second)
		w.send(q)
	}
	w.golden("life")
}

// TestLifeRefuses: each bad request to the calls of the life of an identity.
func TestLifeRefuses(t *testing.T) {
	w := newWorld(t)
	id := w.made(request{body: scripted, caller: tester})
	active := w.made(request{body: replaced("x", "1"), caller: trusted})
	long := strings.Repeat("x", 257)
	for _, tt := range []struct {
		request
		status int
		code   string
		detail string
	}{
		{to("start-verification", id, `{}`), 400, "12", "channel is required"},
		{to("start-verification", id, `{"channel":"fax"}`), 400, "11", "channel must be email or phone"},
		{to("start-verification", id, `{"channel":5}`), 400, "11", "channel must be a string"},
		{to("start-verification", id, ``), 400, "14", "body is empty"},
		{verify("nobody", "email"), 404, "31", "identity not found"},
		{verify(id, "email").by(other), 404, "31", "identity not found"},
		{verify(active, "email"), 422, "21", "an identity in status ACTIVE does not wait for its email to be proven"},
		{verify(id, "email").with("If-Match", `"9"`), 412, "21", "the identity has another version than If-Match names"},
		{confirm(id, "fax", "000000"), 400, "11", "channel must be email or phone"},
		{to("confirm-verification", id, `{}`).at("channel", "email"), 400, "12", "code is required"},
		{confirm(id, "email", "12345"), 400, "11", "code must be six digits"},
		{confirm(id, "email", "000000").by(tester), 422, "21", "no code was sent to this address; ask for one"},
		{confirm(active, "email", "000000"), 422, "21", "an identity in status ACTIVE does not wait for its email to be proven"},
		{to("decide-screening", id, `{"reason":"r","reviewer":"v"}`).by(reviewer), 400, "12", "decision is required"},
		{to("decide-screening", id, `{"decision":"maybe","reason":"r","reviewer":"v"}`).by(reviewer), 400, "11", "decision must be clear or reject"},
		{to("decide-screening", id, `{"decision":"clear","reviewer":"v"}`).by(reviewer), 400, "12", "reason is required"},
		{to("decide-screening", id, `{"decision":"clear","reason":"r"}`).by(reviewer), 400, "12", "reviewer is required"},
		{to("decide-screening", id, `{"decision":"clear","reason":"`+long+`","reviewer":"v"}`).by(reviewer), 400, "11", "reason must have at most 256 characters"},
		{to("decide-screening", id, `{"decision":"clear","reason":"r","reviewer":"v"}`).by(reviewer), 422, "21", "an identity in status PENDING cannot be cleared, only one in status SCREENING"},
		{to("decide-screening", active, `{"decision":"reject","reason":"r","reviewer":"v"}`).by(reviewer), 422, "21", "an identity in status ACTIVE cannot be rejected, only a pending one"},
		{to("hold-identity", id, `{}`).by(reviewer), 400, "12", "reason is required"},
		{to("hold-identity", id, `{"reason":"a\u0007b"}`).by(reviewer), 400, "11", "reason must not hold control characters"},
		{to("release-identity", "nobody", ``).by(reviewer), 404, "31", "identity not found"},
		{patch(active, `{"status":"PENDING"}`).by(trusted), 422, "21", "an identity in status ACTIVE cannot become PENDING, only INACTIVE or BLOCKED"},
		{patch(active, `{"status":"GOLD"}`).by(trusted), 400, "11", "status must be a status, such as ACTIVE"},
		{patch(active, `{"status":null}`).by(trusted), 400, "11", "status must be a string"},
		{patch(active, `{"status":"BLOCKED"}`).by(strict(usual)), 400, "11", "status cannot be changed"},
		{patch(id, `{"email":"no address"}`), 400, "11", "email must be an email address such as name@example.com"},
		{patch(id, `{"email":7}`), 400, "11", "email must be a string"},
		{patch(id, `{"phone":"+5491155550000"}`), 400, "11", "phone must have a dial code of the country and a length that is used there"},
	} {
		got := w.send(tt.request)
		if detail := strings.Trim(at(t, got.Body, "detail"), `"`); got.StatusCode != tt.status || at(t, got.Body, "code") != `"`+tt.code+`"` || detail != tt.detail {
			t.Errorf("%s %s: got %s", tt.operation, tt.body, got.Body)
		}
	}
	for _, q := range []request{patch(active, `{"email":"x","phone":5,"status":["BLOCKED"]}`), get(active)} {
		got := w.send(q)
		wantStatus(t, got, 200)
		if at(t, got.Body, "email") == `"x"` || at(t, got.Body, "status") != `"ACTIVE"` {
			t.Errorf("what nobody may change changed: %s", got.Body)
		}
	}
}

// toProve makes an identity through the other dialect, which asks for less, whose
// addresses are to be proven.
func (w *world) toProve(body string) (id string) {
	made := w.through(&blnk.API{Identities: w.api.Identities}, request{operation: "create-identity", body: body, caller: setting(trusted, "steps", "contact")})
	wantStatus(w.TB, made, 201)
	return strings.Trim(at(w.TB, made.Body, "identity_id"), `"`)
}

// TestTakenBackWhateverItIs: a change is taken back by the present address, also by
// one that this dialect would not take anew.
func TestTakenBackWhateverItIs(t *testing.T) {
	for _, email := range []string{"", "not an email"} {
		w := newWorld(t)
		id := w.toProve(`{"first_name":"A","email_address":"` + email + `","phone_number":"+56912345678"}`)
		wantStatus(t, w.send(patch(id, `{"status":"ACTIVE"}`).by(trusted)), 200)
		wantStatus(t, w.send(patch(id, `{"email":"wrong@example.com"}`)), 200)
		if got := w.send(get(id)).Body; at(t, got, "pendingEmail") != `"wrong@example.com"` {
			t.Fatal(got)
		}
		wantStatus(t, w.send(patch(id, `{"email":"`+email+`"}`)), 200)
		if got := w.send(get(id)).Body; at(t, got, "pendingEmail") != "" || at(t, got, "email") != `"`+email+`"` {
			t.Error(got)
		}
	}
}

// TestStatusWithItsAddress: one change may bring both.
func TestStatusWithItsAddress(t *testing.T) {
	w := newWorld(t)
	id := w.toProve(`{"first_name":"A","email_address":"ana@example.com","country":"CHL"}`)
	refused := w.send(patch(id, `{"status":"PENDING_PHONE_VALIDATION"}`).by(trusted))
	wantStatus(t, refused, 422)
	if detail := at(t, refused.Body, "detail"); detail != `"an identity cannot become PENDING_PHONE_VALIDATION that has no phone to prove"` {
		t.Error(detail)
	}
	got := w.send(patch(id, `{"status":"PENDING_PHONE_VALIDATION","phone":"+56911111111"}`).by(trusted))
	wantStatus(t, got, 200)
	if at(t, got.Body, "status") != `"PENDING_PHONE_VALIDATION"` || at(t, got.Body, "phone") != `"+56911111111"` {
		t.Error(got.Body)
	}
}

// TestPhoneOfAnotherCountry: they are changed together, and taken back together.
func TestPhoneOfAnotherCountry(t *testing.T) {
	w := newWorld(t)
	person := setting(usual, "steps", "contact")
	id := w.made(request{body: minimal, caller: setting(trusted, "steps", "contact")})
	wantStatus(t, w.send(patch(id, `{"status":"ACTIVE","country":"CHL"}`).by(trusted)), 200)
	was := at(t, w.send(get(id)).Body, "phone")
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
		wantStatus(t, w.send(patch(id, tt.body).by(person)), tt.status)
		got := w.send(get(id)).Body
		if at(t, got, "phone") != was || at(t, got, "country") != tt.country || at(t, got, "pendingPhone") != tt.next {
			t.Errorf("%s: %s", tt.body, got)
		}
	}
}

// TestExhaustedCode: five wrong codes, and the right one is of no use.
func TestExhaustedCode(t *testing.T) {
	w := newWorld(t)
	id := w.made(request{body: scripted, caller: tester})
	wantStatus(t, w.send(verify(id, "email").by(tester)), 201)
	for n := range 7 {
		got := w.send(confirm(id, "email", fmt.Sprintf("00000%d", (n+1)%6)).by(tester))
		want := map[bool]string{true: `"code is wrong"`, false: `"too many wrong codes were tried; ask for another"`}[n < 5]
		if at(t, got.Body, "detail") != want {
			t.Errorf("%d: %s", n, got.Body)
		}
	}
	w.now = w.now.Add(time.Minute)
	wantStatus(t, w.send(verify(id, "email").by(tester)), 201)
	w.now = w.now.Add(10 * time.Minute)
	if got := w.send(confirm(id, "email", "000000").by(tester)); at(t, got.Body, "detail") != `"the code has expired; ask for another"` {
		t.Error(got.Body)
	}
	for range 3 {
		wantStatus(t, w.send(verify(id, "email").by(tester)), 201)
		w.now = w.now.Add(time.Minute)
	}
	got := w.send(verify(id, "email").by(tester))
	if got.StatusCode != 429 || got.MultiValueHeaders["Retry-After"][0] != "2760" {
		t.Errorf("%d %v %s", got.StatusCode, got.MultiValueHeaders["Retry-After"], got.Body)
	}
}

// TestLapsedIdentity is 404, code 31, for every call.
func TestLapsedIdentity(t *testing.T) {
	w := newWorld(t)
	id := w.made(request{body: scripted, caller: setting(tester, "life", "3600")})
	w.later()
	for _, r := range w.api.Routes() {
		if r.Public || !strings.Contains(r.Path, "{id}") || strings.Contains(r.Path, "/rules") || strings.Contains(r.Path, "/fees") || strings.Contains(r.Path, "/accounts") {
			continue
		}
		q := to(r.Name, id, bodyOf(r.Name)).at("reference", "b").by(caller("acme", auth.ScopeAll))
		q.params["accountId"], q.params["channel"] = "c", "email"
		if got := w.send(q); got.StatusCode != 404 || at(t, got.Body, "code") != `"31"` {
			t.Errorf("%s: %d %s", r.Name, got.StatusCode, got.Body)
		}
	}
	w.made(request{body: scripted, caller: tester}) // nothing stands in its way
}

// bodyOf is a body that an operation takes.
func bodyOf(operation string) string {
	return map[string]string{
		"start-verification": `{"channel":"email"}`, "confirm-verification": `{"code":"000000"}`, "hold-identity": `{"reason":"r"}`,
		"decide-screening": `{"decision":"reject","reason":"r","reviewer":"v"}`, "add-children": `{"children":["x"]}`, "remove-children": `{"children":["x"]}`,
		"add-permissions": `[{"resource":"IDENTITY","reference":"x","permissions":["admin"]}]`, "update-identity": `{"nickname":"x"}`,
		"add-withdrawal-account": `{"accountNumber":"1","bank":"B","currency":"CLP","accountHolder":"A","accountHolderDni":"1","country":"CHL"}`,
	}[operation]
}

// TestContractHasTheTransitions: the table of the contract's text is the core's.
func TestContractHasTheTransitions(t *testing.T) {
	text, err := os.ReadFile("../reference/conomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range identity.Transitions {
		var to []string
		for _, s := range row.To {
			to = append(to, string(s))
		}
		if line := fmt.Sprintf("| %s | %s |\n", row.From, strings.Join(to, ", ")); !strings.Contains(string(text), line) {
			t.Errorf("not in the contract: %s", line)
		}
	}
}

// TestLifeCalls counts what the table is asked.
func TestLifeCalls(t *testing.T) {
	w := newWorld(t)
	id := w.made(request{body: scripted, caller: tester})
	w.table.Reset()
	for _, tt := range []struct {
		request
		faults.Calls
	}{
		{verify(id, "email"), faults.Calls{Get: 2, Write: 1}},
		{confirm(id, "email", "123456"), faults.Calls{Get: 2, Write: 1}},
		{confirm(id, "email", "000000"), faults.Calls{Get: 2, Write: 1}},
		{to("hold-identity", id, `{"reason":"r"}`).by(reviewer), faults.Calls{Get: 1, Write: 1}},
		{to("release-identity", id, "").by(reviewer), faults.Calls{Get: 1, Write: 1}},
		{to("decide-screening", id, `{"decision":"reject","reason":"r","reviewer":"v"}`).by(reviewer), faults.Calls{Get: 1, Write: 1}},
	} {
		w.send(tt.request)
		t.Logf("%-26s %+v", tt.operation, w.table.Calls())
		w.wantCalls(tt.Calls)
	}
}

// TestEveryStep tries each of the 64 steps by the API: those of the table are
// taken, and every other one is told which are.
func TestEveryStep(t *testing.T) {
	w := newWorld(t)
	taken, refused := 0, 0
	for _, from := range identity.Transitions {
		for _, row := range identity.Transitions {
			to := row.From
			n := taken + refused
			id := w.made(request{body: fmt.Sprintf(
				`{"name":"Ana","email":"a%d@example.com","phone":"+56912345678","documentType":"RUT","documentNumber":"11.111.111-1","idv":"i","status":%q}`, n, from.From), caller: trusted})
			got := w.send(patch(id, fmt.Sprintf(`{"status":%q}`, to)).by(trusted))
			if from.From == to || slices.Contains(from.To, to) {
				taken++
				if got.StatusCode != 200 || at(t, got.Body, "status") != fmt.Sprintf("%q", to) {
					t.Errorf("%s to %s: %s", from.From, to, got.Body)
				}
				continue
			}
			refused++
			detail := at(t, got.Body, "detail")
			for _, allowed := range from.To {
				if got.StatusCode != 422 || at(t, got.Body, "code") != `"21"` || !strings.Contains(detail, string(allowed)) {
					t.Errorf("%s to %s: %s", from.From, to, got.Body)
				}
			}
		}
	}
	t.Logf("%d steps taken, %d refused", taken, refused)
}
