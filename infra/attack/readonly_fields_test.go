package attack

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cedula/shared/identity"
)

// readOnlyNames are what only the registry writes, as clients might spell it.
var readOnlyNames = []string{
	"id", "status", "kyc", "watchList", "createdAt", "updatedAt", "version", "tenant", "expiresAt", "requirements", "hold", "steps",
	"proofs", "tokenizedFields", "identity_id", "created_at", "updated_at", "expires_at", "test", "policy", "review", "reminded",
	"sealed", "dataKey", "parent", "claims", "pendingEmail", "pendingPhone", "documentCheck", "trusted", "Profile", "Held",
}

// homoglyphs are letters that fold to others, or look like them.
var homoglyphs = strings.NewReplacer("s", "\u017f", "k", "\u212a", "i", "\u0131", "a", "\u0430", "e", "\u0435")

// nameVariant is a name in one of the ways in which it might be taken for another.
func nameVariant(t *rapid.T) string {
	name := rapid.SampledFrom(readOnlyNames).Draw(t, "name")
	switch rapid.IntRange(0, 9).Draw(t, "spelling") {
	case 0:
		return strings.ToUpper(name)
	case 1:
		return strings.ToUpper(name[:1]) + name[1:]
	case 2:
		return homoglyphs.Replace(name)
	case 3:
		return name + "\u200b"
	case 4:
		return " " + name
	case 5:
		return strings.ToLower(name)
	case 6:
		return "$" + name
	}
	return name
}

// jsonName is a name in JSON, now and then by escapes.
func jsonName(t *rapid.T, name string) string {
	if !rapid.Bool().Draw(t, "escaped") {
		return fmt.Sprintf("%q", name)
	}
	var b strings.Builder
	for _, c := range name {
		fmt.Fprintf(&b, `\u%04x`, c)
	}
	return `"` + b.String() + `"`
}

var readOnlyValues = []string{
	`"ACTIVE"`, `"BLOCKED"`, `"SCREENING"`, `"idt_00000000-0000-4000-8000-000000000000"`, `"000000000000000000000000"`, `"other"`,
	`"instant"`, `"2020-01-01T00:00:00Z"`, `9`, `true`, `null`, `[]`, `{}`, `["ACTIVE"]`, `{"status":"ACTIVE"}`, `{"reason":"x","since":"2020-01-01T00:00:00Z"}`,
	`[{"channel":"email","proven":"2020-01-01T00:00:00Z"}]`, `{"currentlyDue":[],"pending":[],"dueBy":null}`, `{"outcome":"clear"}`, `["name"]`,
}

// withReadOnlyMembers puts members that are the registry's into a body, at its top, in what
// is free in it, or twice. The end of an object is where they go.
func withReadOnlyMembers(t *rapid.T, body string) string {
	for range rapid.IntRange(1, 3).Draw(t, "members") {
		m := jsonName(t, nameVariant(t)) + ":" + rapid.SampledFrom(readOnlyValues).Draw(t, "value")
		switch rapid.IntRange(0, 12).Draw(t, "place") {
		case 0:
			body = body[:len(body)-1] + `,"metadata":{` + m + `},"meta_data":{` + m + `}}`
		case 1:
			body = body[:len(body)-1] + `,"profile":{` + m + `}}`
		case 2:
			body = `{` + m + `,` + m + `,` + body[1:]
		case 3:
			body = `{` + m + `,` + body[1:]
		default:
			body = body[:len(body)-1] + `,` + m + `}`
		}
	}
	return body
}

// readOnlyPart is the part of an identity that no client writes, as it is stored.
func readOnlyPart(t testing.TB, w *testEnv, id string) identity.Identity {
	t.Helper()
	i, err := w.core.Get(context.Background(), "acme", id)
	if err != nil {
		t.Fatal(err)
	}
	i.Profile, i.Version, i.StoreState, i.UpdatedAt = identity.Profile{}, 0, identity.StoreState{}, i.CreatedAt
	return i
}

// wantNewIdentity is what the registry writes of a new identity of the usual caller.
func (w *testEnv) wantNewIdentity(id string) identity.Identity {
	return identity.Identity{
		Tenant: "acme", ID: id, Status: identity.Pending, Onboarding: identity.OnboardingContactAndScreening, TestMode: true,
		ExpiresAt: w.now.Add(identity.DefaultPendingTTL), CreatedAt: w.now, UpdatedAt: w.now,
	}
}

// TestReadOnlyFieldsAreKept: whatever a client that is not trusted with the status writes,
// in whatever spelling, the registry's fields stay the registry's.
func TestReadOnlyFieldsAreKept(t *testing.T) {
	w := newTestEnv(t)
	ours := stringField(t, w.conomy.call(t, "create-identity", "", personBody).Body, "id")
	theirs := stringField(t, w.blnk.call(t, "create-identity", "", blnkPersonBody).Body, "identity_id")
	changes := []struct {
		dialect
		operation, id, body string
	}{
		{w.conomy, "update-identity", ours, `{"nickname":"n"}`},
		{w.conomy, "update-identity", theirs, `{"nickname":"n"}`},
		{w.conomy, "deactivate-identity", ours, `{"reason":"x"}`},
		{w.conomy, "reactivate-identity", ours, `{"reason":"x"}`},
		{w.conomy, "search-identities", "", `{"type":"USER"}`},
		{w.conomy, "add-permissions", ours, `{"x":1}`},
		{w.blnk, "update-identity", theirs, `{"category":"c"}`},
		{w.blnk, "update-identity", ours, `{"category":"c"}`},
		{w.blnk, "update-metadata", theirs, `{"meta_data":{}}`},
		{w.blnk, "filter-identities", "", `{"filters":[]}`},
	}
	made, changed, refused := 0, 0, 0
	once := func(r *rapid.T) {
		mode := rapid.IntRange(0, 5).Draw(r, "strict") == 0
		if rapid.Bool().Draw(r, "create") {
			d, base, member := w.conomy, strings.Replace(personBody, "11.111.111-1", fmt.Sprintf("P-%08d", made), 1), "id"
			base = strings.Replace(base, "RUT", "PASSPORT", 1)
			if rapid.Bool().Draw(r, "Blnk") {
				d, base, member = w.blnk, blnkPersonBody, "identity_id"
			}
			body := withReadOnlyMembers(r, base)
			got := d.send(t, "create-identity", withStrictMode(d.event(t, "create-identity", "", body), mode))
			if got.StatusCode >= 400 {
				refused++
				return
			}
			made++
			id := stringField(t, got.Body, member)
			if diff := cmp.Diff(w.wantNewIdentity(id), readOnlyPart(t, w, id)); diff != "" {
				r.Fatalf("%s %s: %s", d.name, body, diff)
			}
			return
		}
		c := rapid.SampledFrom(changes).Draw(r, "operation")
		body := withReadOnlyMembers(r, c.body)
		was := []identity.Identity{readOnlyPart(t, w, ours), readOnlyPart(t, w, theirs)}
		got := c.send(t, c.operation, withStrictMode(c.event(t, c.operation, c.id, body), mode))
		if changed++; got.StatusCode >= 400 {
			refused++
		}
		if diff := cmp.Diff(was, []identity.Identity{readOnlyPart(t, w, ours), readOnlyPart(t, w, theirs)}); diff != "" {
			r.Fatalf("%s %s %s: %s", c.dialect.name, c.operation, body, diff)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		for range 5 {
			once(r)
		}
	})
	if t.Logf("%d made, %d changed, %d of all refused", made, changed, refused); made == 0 || changed == 0 {
		t.Error("too little was tried")
	}
}

// TestTrustedClientFollowsTransitions: a client that is trusted with the status moves it along the
// table of transitions, and nothing else of the registry's.
func TestTrustedClientFollowsTransitions(t *testing.T) {
	w := newTestEnv(t)
	may := make(map[identity.Status][]identity.Status)
	for _, row := range identity.Transitions {
		may[row.From] = row.To
	}
	all := []string{"", "active", "PENDING ", "GOLD", "ACT\u0130VE", "PENDING"}
	for _, row := range identity.Transitions {
		all = append(all, string(row.From))
	}
	var id string
	begin := func(t testing.TB) {
		t.Helper()
		id = w.createPending(t, fmt.Sprintf("P-%08d", w.now.Unix()))
		w.now = w.now.Add(1e9)
	}
	begin(t)
	moves, stays := 0, 0
	once := func(r *rapid.T) {
		if rapid.IntRange(0, 9).Draw(r, "anew") == 0 {
			begin(t)
		}
		before := readOnlyPart(t, w, id)
		to := rapid.SampledFrom(all).Draw(r, "status")
		body := withReadOnlyMembers(r, fmt.Sprintf(`{"nickname":"n","status":%q}`, to))
		e := w.conomy.event(t, "update-identity", id, body)
		e.RequestContext.Authorizer = trustedCaller
		got := w.conomy.send(t, "update-identity", e)
		after := readOnlyPart(t, w, id)
		moved := got.StatusCode == 200 && string(before.Status) != to
		switch {
		case moved && (string(after.Status) != to || !slices.Contains(may[before.Status], after.Status)):
			r.Fatalf("%s took it from %s to %s: %s", body, before.Status, after.Status, got.Body)
		case !moved && after.Status != before.Status:
			r.Fatalf("%s was answered %d and took it from %s to %s", body, got.StatusCode, before.Status, after.Status)
		case moved:
			moves++
		default:
			stays++
		}
		if after.Status.Pending() == after.ExpiresAt.IsZero() {
			r.Fatalf("%s has the deadline %v", after.Status, after.ExpiresAt)
		}
		// What a step of the status takes with it: its deadline, the decision before, and
		// the proofs that it leaves out.
		before.Status, before.ExpiresAt, before.Review, before.Verifications = after.Status, after.ExpiresAt, after.Review, after.Verifications
		if slices.ContainsFunc(after.Verifications, func(p identity.Verification) bool { return !p.VerifiedAt.IsZero() }) {
			r.Fatalf("%s proved an address", body)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			r.Fatalf("%s: %s", body, diff)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		for range 5 {
			once(r)
		}
	})
	if t.Logf("%d moves, %d none", moves, stays); moves == 0 || stays == 0 {
		t.Error("too little was tried")
	}
}
