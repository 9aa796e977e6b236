package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// createKeyWith makes a key with a Blnk key, by the API, and returns its text.
func (s *server) createKeyWith(t *testing.T, by, owner, scope string) string {
	t.Helper()
	body := `{"name":"n","owner":"` + owner + `","scopes":["` + scope + `"],"expires_at":"2099-01-01T00:00:00Z"}`
	r, err := http.NewRequest(http.MethodPost, s.blnk+"/api-keys", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Blnk-Key", by)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, _ := io.ReadAll(a.Body)
	var made struct{ Key string }
	if err := json.Unmarshal(text, &made); err != nil || a.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", a.StatusCode, text)
	}
	return made.Key
}

// TestDerivedKeysAreListedAndRevoked are listed with their owner and maker, and end with it.
func TestDerivedKeysAreListedAndRevoked(t *testing.T) {
	s := startServer(t)
	client := s.runJSON(t, "clients", "create", "--name", "shop", "--scope", "*")
	id, own := client["id"].(string), client["blnkKey"].(string)
	given := s.runJSON(t, "keys", "create", "--client", id, "--use", "blnk", "--scope", "key:write", "--scope", "identity:read")
	maker := given["key"].(string)
	made := s.createKeyWith(t, maker, "team-a", "api-keys:write")
	below := s.createKeyWith(t, made, "team-a", "api-keys:write")
	other := s.createKeyWith(t, own, "team-b", "identities:read")
	list, _ := s.run("keys", "list", id)
	for _, want := range [][]string{{made[4:28], "team-a", maker[4:28]}, {below[4:28], "team-a", made[4:28]}, {other[4:28], "team-b", own[4:28]}, {maker[4:28], "-", "operator"}} {
		found := false
		for line := range strings.Lines(list) {
			words := strings.Fields(line)
			found = found || words[0] == want[0] && words[len(words)-2] == want[1] && words[len(words)-1] == want[2]
		}
		if !found {
			t.Errorf("not listed as of %v:\n%s", want[1:], list)
		}
	}
	ended := s.runJSON(t, "keys", "revoke", maker[4:28], "--with-made")
	if all, _ := ended["made"].([]any); ended["id"] != maker[4:28] || len(all) != 2 {
		t.Errorf("ended: %v", ended)
	}
	for _, text := range []string{made, below} { // no Guard has them in its memory
		if got := s.blnkStatus(t, text); text == below && got != 401 {
			t.Errorf("a key that was made answers %d", got)
		}
	}
	if got := s.blnkStatus(t, other); got != 404 {
		t.Errorf("a key of another maker answers %d", got)
	}
	if out, err := s.run("keys", "revoke", other[4:28]); err != nil || strings.Contains(out, "made by it") {
		t.Errorf("%v: %s", err, out)
	}
}
