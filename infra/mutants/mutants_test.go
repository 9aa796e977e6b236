//go:build soak

// Package mutants breaks rules on purpose, one at a time,
// and holds the tests to noticing each.
package mutants

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cedula/infra/stack"
)

// mutant is a rule that is broken: a text of a file that stands in it once, what
// takes its place, and the packages whose tests must fail, after -run and which of
// them if it is not all.
type mutant struct {
	name, file, was, is, tests string
}

var all = []mutant{
	{"a token of another tenant passes", "shared/auth/guard.go", "caller.Tenant != claims.Tenant", "false", "./shared/auth"},
	{"a token passes with another client's key", "shared/auth/guard.go", "name.client != claims.Client", "false", "./shared/auth"},
	{"a key opens the other API", "shared/auth/guard.go", "case r.key.Use != name.use:", "case false:", "./shared/auth"},
	{"a suspended client passes", "shared/auth/guard.go", "case r.client.Suspended:", "case false:", "./shared/auth"},
	{"a revoked key passes", "shared/auth/keys.go", "return reached(k.Expires, now) || reached(k.Revoked, now)", "return reached(k.Expires, now)", "./shared/auth"},
	{"an expired key passes", "shared/auth/keys.go", "return reached(k.Expires, now) || reached(k.Revoked, now)", "return reached(k.Revoked, now)", "./shared/auth"},
	{"any secret of a key's id passes", "shared/auth/guard.go", "case !proven, !asked, r.client.Tenant == \"\":", "case !asked, r.client.Tenant == \"\":", "./shared/auth"},
	{"a key's scopes do not narrow its client's", "shared/auth/guard.go", "return c.Scopes.Intersect(k.Scopes)", "return c.Scopes", "./shared/auth"},
	{"a token's scopes do not narrow its client's", "shared/auth/guard.go", "caller.Scopes = caller.Scopes.Intersect(claims.Scopes)", "caller.Scopes = slices.Clone(caller.Scopes)", "./shared/auth"},
	{"an old secret lives for ever", "shared/auth/client.go", "s.Hash.Equal(h) && !reached(s.Expires, now)", "s.Hash.Equal(h)", "./shared/auth"},
	{"a rotation breaks a promise", "shared/auth/rotation.go", "!r.Force && end.Before(promised)", "false", "./shared/auth"},
	{"a malformed secret is no failed login", "shared/auth/login.go", "case !spelled(clientID, clientChars):", "case !spelled(clientID, clientChars), !spelled(clientSecret, secretChars):", "./shared/auth"},
	{"a token of another audience passes", "shared/auth/token.go", "case aud == \"\" || !slices.Contains(p.Audience, aud):", "case false && !slices.Contains(p.Audience, aud):", "./shared/auth"},
	{"a token of another issuer passes", "shared/auth/token.go", "case p.Issuer == \"\" || p.Issuer != issuer:", "case false:", "./shared/auth"},
	{"another type of token passes", "shared/auth/compact.go", "case !slices.Contains(f.types, typ):", "case false:", "./shared/auth"},
	{"another algorithm than the issuer's passes", "shared/auth/compact.go", "case !slices.Contains(f.algorithms, alg):", "case false:", "./shared/auth"},
	{"an outside token for somebody else passes", "shared/auth/outsideclaims.go", "if o.Audience != \"\" && !slices.Contains(m.audience(), o.Audience) {", "if false && !slices.Contains(m.audience(), o.Audience) {", "./shared/auth"},
	{"an outside token of another kind passes", "shared/auth/outsideclaims.go", "if m.text(name) != want {", "if false && m.text(name) != want {", "./shared/auth"},
	{"a key can give what it has not", "shared/auth/keys.go", "func(s string) bool { return !caller.Scopes.Has(s) }", "func(string) bool { return false }", "./shared/auth"},
	{"a suspended client manages keys", "shared/auth/keys.go", "case client.Suspended:", "case client.Suspended && false:", "./shared/auth"},
	{"an operator's scoped key can be revoked by a client", "shared/auth/keys.go", "return key.madeByKey() && key.Use == f.Use", "return key.Scopes != nil && key.Use == f.Use", "./shared/auth"},
	{"who searches may read", "shared/auth/scope.go", "scope == ScopeIdentitySearch && slices.Contains(s, ScopeIdentityRead)", "scope == ScopeIdentityRead && slices.Contains(s, ScopeIdentitySearch)", "./shared/auth"},
	{"a key can outlive its maker", "shared/auth/keys.go", "!maker.IsZero() && (expires.IsZero() || expires.After(maker))", "false", "./shared/auth"},
	{"a route's scope is not asked for", "shared/gateway/handler.go", "o.route.Scope == \"\" || !r.Caller.Scopes.Has(o.route.Scope)", "false", "./shared/gateway"},
	{"a context past its time passes", "shared/gateway/caller.go", "if !now.Before(c.Expires) {", "if false {", "./shared/gateway"},
	{"tenants share identities", "shared/store/keys.go", "table.Key{PK: \"T#\" + tenant + \"#I#\" + id, SK: itemSK}", "table.Key{PK: \"T#\" + tenant[:0] + \"#I#\" + id, SK: itemSK}", "./shared/store"},
	{"tenants share look-ups", "shared/store/keys.go", "return \"T#\" + tenant + \"#\" + index + \"#\" + k.digest(tenant, index, value)", "return \"T#\" + index + \"#\" + k.digest(\"\", index, value)", "./infra/local ./shared/blnk ./shared/store"},
	{"to read is to detokenize", "shared/blnk/routes.go", "reveal = auth.ScopeIdentityDetokenize", "reveal = auth.ScopeIdentityRead", "./shared/blnk"},
	{"a cursor is good for every tenant", "shared/blnk/cursor.go", "return []byte(operation + \"\\x00\" + tenant)", "return []byte(operation + tenant[:0])", "./shared/blnk"},
	{"the local cache is keyed by one header of two", "infra/local/door.go", "for _, name := range d.sources {", "for _, name := range d.sources[:1] {", "./infra/local"},
	{"a sealed value opens in another's place", "shared/vault/key.go", "hash[:], []byte(place))", "hash[:], []byte(place)[:0])", "./shared/vault"},
}

func TestEveryMutantIsFound(t *testing.T) { found(t, all) }

// found builds and tests each mutant by an overlay: the tree itself stays as it is.
func found(t *testing.T, list []mutant) {
	t.Helper()
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		t.Run(m.name, func(t *testing.T) {
			overlay := m.overlay(t, root)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			build := exec.CommandContext(ctx, "go", append([]string{"vet", "-overlay", overlay}, m.packages()...)...)
			build.Dir = root
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("the mutant does not build: %s", out)
			}
			run := exec.CommandContext(ctx, "go", append([]string{"test", "-failfast", "-overlay", overlay}, m.arguments()...)...)
			run.Dir = root
			out, err := run.CombinedOutput()
			if err == nil || ctx.Err() != nil {
				t.Errorf("no test of %s fails in time", m.tests)
			}
			for line := range strings.Lines(string(out)) {
				if strings.HasPrefix(line, "--- FAIL") {
					t.Log("found by", strings.TrimSpace(line))
				}
			}
		})
	}
}

// arguments are those of go test. A model takes as many steps as it ever does, and
// no time to find the shortest way to what it found.
func (m mutant) arguments() []string {
	fields := strings.Fields(m.tests)
	if fields[0] == "-run" && fields[2] == "./shared/identity" {
		return append([]string{"-tags", "soak"}, append(fields, "-rapid.shrinktime=1s", "-rapid.nofailfile")...)
	}
	return fields
}

// packages are those that must build.
func (m mutant) packages() []string {
	fields := strings.Fields(m.tests)
	if fields[0] == "-run" {
		return fields[2:]
	}
	return fields
}

// overlay writes the broken file beside the tree and says so to the go command.
func (m mutant) overlay(t *testing.T, root string) string {
	t.Helper()
	path := filepath.Join(root, m.file)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), m.was) != 1 {
		t.Fatalf("%s holds %q %d times, want once", m.file, m.was, strings.Count(string(text), m.was))
	}
	broken := filepath.Join(t.TempDir(), "broken.go")
	if err := os.WriteFile(broken, []byte(strings.Replace(string(text), m.was, m.is, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{path: broken}})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		t.Fatal(err)
	}
	return overlay
}
