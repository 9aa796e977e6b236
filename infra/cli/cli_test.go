package cli_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cedula/infra/cli"
	"cedula/shared/auth"
)

// TestLifeOfAClient creates a client beside a running server, uses, rotates, revokes and suspends its credentials.
func TestLifeOfAClient(t *testing.T) {
	s := startServer(t)
	created := s.runJSON(t, "clients create --name shop --scope identity:read --scope identity:write --scope identity:delete --tenant shop --mode strict --rate 1000 --burst 1000")
	id, secret := created["id"].(string), created["clientSecret"].(string)
	conomyKey, blnkKey := created["conomyKey"].(string), created["blnkKey"].(string)
	s.wantFetch(t, blnkKey, 404)
	s.wantLogin(t, id, secret, conomyKey, 200)
	shownOnce := []string{secret, conomyKey, blnkKey}
	secrets := func(line, field string) string {
		t.Helper()
		text := s.runJSON(t, line)[field].(string)
		shownOnce = append(shownOnce, text)
		return text
	}

	second := secrets("secrets rotate "+id+" --overlap 1h", "clientSecret")
	s.wantLogin(t, id, secret, conomyKey, 200) // the overlap
	s.wantLogin(t, id, second, conomyKey, 200)
	s.wantError(t, strings.Fields("secrets rotate "+id+" --overlap 0"), "--force")
	third := secrets("secrets rotate "+id+" --overlap 0 --force", "clientSecret")
	s.wantLogin(t, id, second, conomyKey, 401)
	s.wantLogin(t, id, third, conomyKey, 200)

	rotated := secrets("keys rotate "+blnkKey[4:28]+" --overlap 1h", "key")
	s.wantFetch(t, blnkKey, 404)
	s.wantFetch(t, rotated, 404)
	s.wantFetch(t, secrets("keys create --client "+id+" --use blnk --scope identity:write --expires-in 1d", "key"), 403)
	revoked := secrets("keys create --client "+id+" --use blnk", "key")
	change := s.runJSON(t, "keys revoke "+revoked[4:28])
	s.wantFetch(t, revoked, 401)
	seenBy, err := time.Parse(time.RFC3339, change["seenBy"].(string))
	if left := time.Until(seenBy); err != nil || left > auth.RevocationDelay || left < auth.RevocationDelay-10*time.Second {
		t.Errorf("seenBy = %v, %v, want %v from now", change["seenBy"], err, auth.RevocationDelay)
	}

	s.mustRun(t, "clients suspend "+id)
	s.wantLogin(t, id, third, conomyKey, 403)
	s.mustRun(t, "clients suspend "+id+" --lift")
	wantFields(t, s.runJSON(t, "clients show "+id), map[string]any{"state": "active", "mode": "strict", "tenant": "shop", "liveSecrets": 1.0})

	keys := s.mustRun(t, "keys list "+id)
	if strings.Count(keys, "\n") != 6 || !strings.Contains(keys, "revoked") {
		t.Errorf("keys list = %s, want 5 keys, one of them revoked", keys)
	}
	listed := keys + s.mustRun(t, "clients list") + s.mustRun(t, "keys list "+id+" --json")
	for _, text := range shownOnce {
		if strings.Contains(listed, text) {
			t.Errorf("a list shows the secret %s again", text)
		}
	}
	smoke := s.mustRun(t, "smoke --base-url conomy="+s.conomy+" --base-url blnk="+s.blnk+" --env-file "+filepath.Join(s.folder, "sandbox.env"))
	if strings.Count(smoke, "ok ") != 9 {
		t.Errorf("smoke = %s, want 9 calls that are ok", smoke)
	}
	s.wantError(t, strings.Fields("smoke --base-url blnk="+s.blnk+"/nowhere"), "blnk at "+s.blnk+"/nowhere: POST /identities returned 404, want 201")
}

func TestWithoutAServer(t *testing.T) {
	s := startServer(t)
	s.stop()
	id := s.runJSON(t, "clients create --name later --scope *")["id"].(string)
	out := s.mustRun(t, "clients show "+id)
	wantContains(t, out, "client          "+id, "name            later", "the registry's defaults", "the default of the API, pending for at most 7d", "live secrets    1")
	wantFields(t, s.runJSON(t, "expire"), map[string]any{"examined": 0.0, "expired": 0.0})
}

// TestRotationReportsExpiry: a rotation says when the old credential ends, and a later one keeps that or is forced.
func TestRotationReportsExpiry(t *testing.T) {
	s := startServer(t)
	created := s.runJSON(t, "clients create --name shop --scope *")
	client, key := created["id"].(string), created["blnkKey"].(string)[4:28]
	goodUntil := func(old any, want time.Duration) string {
		t.Helper()
		text := old.(map[string]any)["goodUntil"].(string)
		end, err := time.Parse(time.RFC3339Nano, text)
		if got := time.Until(end).Round(time.Minute); err != nil || got != want {
			t.Errorf("the old credential is good for %v, %v, want %v", got, err, want)
		}
		return text
	}
	old := s.runJSON(t, "secrets rotate "+client+" --overlap 48h")["old"].([]any)
	promised := goodUntil(old[0], 48*time.Hour)
	s.wantError(t, []string{"secrets", "rotate", client}, promised+"; rotate again after that, or shorten that with --force")
	old = s.runJSON(t, "secrets rotate "+client+" --force --overlap 1h")["old"].([]any)
	goodUntil(old[0], 0)
	goodUntil(old[1], time.Hour)
	if out := s.mustRun(t, "secrets rotate "+client+" --force"); strings.Count(out, "old secret") != 2 {
		t.Errorf("secrets rotate = %s, want 2 old secrets", out)
	}
	goodUntil(s.runJSON(t, "keys rotate "+key+" --overlap 48h")["old"], 48*time.Hour)
	s.wantError(t, []string{"keys", "rotate", key}, "use an --overlap that lasts until then, or shorten that with --force")
	promised = goodUntil(s.runJSON(t, "keys rotate "+key+" --overlap 72h")["old"], 48*time.Hour) // no later than promised
	wantContains(t, s.mustRun(t, "keys list "+client), promised)
	wantContains(t, s.mustRun(t, "keys rotate "+key+" --overlap 1h --force"), key+" is valid until ")
	s.mustRun(t, "keys revoke "+key)
	s.wantError(t, []string{"keys", "rotate", key}, "the key is no longer valid; create a new one with `cedula keys create`")
}

// TestDerivedKeys: keys that a key made are listed with their owner and maker, and revoked with it on demand.
func TestDerivedKeys(t *testing.T) {
	s := startServer(t)
	client := s.runJSON(t, "clients create --name shop --scope *")
	id, own := client["id"].(string), client["blnkKey"].(string)
	maker := s.runJSON(t, "keys create --client "+id+" --use blnk --scope key:write --scope identity:read")["key"].(string)
	derive := func(by, owner, scope string) string {
		t.Helper()
		body := `{"name":"n","owner":"` + owner + `","scopes":["` + scope + `"],"expires_at":"2099-01-01T00:00:00Z"}`
		status, text := send(t, "POST", s.blnk+"/api-keys", body, "X-Blnk-Key", by)
		var made struct{ Key string }
		if err := json.Unmarshal(text, &made); err != nil || status != 201 {
			t.Fatalf("create a key: %d %s", status, text)
		}
		return made.Key
	}
	child := derive(maker, "team-a", "api-keys:write")
	grandchild := derive(child, "team-a", "api-keys:write")
	other := derive(own, "team-b", "identities:read")
	list := s.mustRun(t, "keys list "+id)
	for key, want := range map[string]string{
		child: "team-a  " + maker[4:28], grandchild: "team-a  " + child[4:28], other: "team-b  " + own[4:28], maker: "-       operator",
	} {
		_, line, _ := strings.Cut(list, key[4:28])
		line, _, _ = strings.Cut(line, "\n")
		if !strings.HasSuffix(line, want) {
			t.Errorf("key %s is listed as %q, want %q at the end", key[4:28], line, want)
		}
	}
	revoked := s.mustRun(t, "keys revoke "+maker[4:28]+" --with-made")
	wantContains(t, revoked, "revoked", "created by it  "+child[4:28], "created by it  "+grandchild[4:28])
	s.wantFetch(t, grandchild, 401)
	s.wantFetch(t, other, 404)
	if out := s.mustRun(t, "keys revoke "+other[4:28]); strings.Contains(out, "made by it") {
		t.Errorf("keys revoke = %s, want no other key", out)
	}
}

// TestExpire counts expired identities, then removes them with a progress bar.
func TestExpire(t *testing.T) {
	s := startServer(t)
	client := s.runJSON(t, "clients create --name shop --scope * --tenant shop --steps contact --pending-life 1h")
	wantFields(t, client, map[string]any{"steps": "contact", "pendingLife": "1h0m0s"})
	if got, _ := send(t, "POST", s.blnk+"/identities", `{"email_address":"ana@example.com"}`, "X-Blnk-Key", client["blnkKey"].(string)); got != 201 {
		t.Fatalf("create = %d, want 201", got)
	}
	wantFields(t, s.runJSON(t, "expire"), map[string]any{"examined": 0.0, "expired": 0.0})
	if got, _ := send(t, "POST", s.mailbox+"/clock", `{"tenant":"shop","advance":"2h"}`, "Accept", "*/*"); got != 200 {
		t.Fatalf("advance the clock = %d, want 200", got)
	}
	for range 2 {
		wantFields(t, s.runJSON(t, "expire --dry-run"), map[string]any{"examined": 1.0, "expired": 1.0, "failed": 0.0, "dryRun": true})
	}
	wantContains(t, s.mustRun(t, "expire --dry-run"), "would be removed      1")
	var out, progress bytes.Buffer
	if status := cli.Run(cli.New("cedula", "a registry", &cli.Local{}), []string{"--data", s.folder, "expire"}, &out, &progress); status != 0 {
		t.Fatalf("expire: exit status %d: %s", status, progress.String())
	}
	wantContains(t, progress.String(), "removing", "1/1")
	wantContains(t, out.String(), "removed               1")
	wantFields(t, s.runJSON(t, "expire --dry-run"), map[string]any{"examined": 0.0})
}
