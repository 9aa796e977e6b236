package main

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

//go:embed testdata/conomy-seed.http
var conomySeed string

// TestConomySeed sends the documentation's request as it stands there: only
// host, token and key are replaced, and the length added that its page leaves out.
func TestConomySeed(t *testing.T) {
	s := startServer(t, t.TempDir())
	token := s.token(t)
	status, body := sendRaw(t, s, conomySeed, token)
	if status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	var got struct {
		ID, Status, DocumentNumber, CreatedAt, UpdatedAt string
		SecurityOptions                                  struct{ TwoFactorAuth *bool }
		Children                                         *[]any
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	wholeSeconds := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)
	switch {
	case !regexp.MustCompile(`^[0-9a-f]{24}$`).MatchString(got.ID),
		got.Status != "ACTIVE", got.DocumentNumber != "123125",
		got.SecurityOptions.TwoFactorAuth == nil || *got.SecurityOptions.TwoFactorAuth,
		got.Children != nil,
		!wholeSeconds.MatchString(got.CreatedAt) || got.CreatedAt != got.UpdatedAt:
		t.Errorf("%s", body)
	}
	for _, prefix := range []string{"", "/sandbox"} {
		a := call(t, "GET", s.conomy+prefix+"/identities/"+got.ID, "", "Authorization", "Bearer "+token, "x-api-key", s.credentials.ConomyKey)
		if a.status != 200 || !bytes.Equal(a.body, body) {
			t.Errorf("GET %s/identities/%s: %d %s\nwant the bytes of the create: %s", prefix, got.ID, a.status, a.body, body)
		}
	}
	if status, body = sendRaw(t, s, conomySeed, token); status != 409 || !strings.Contains(string(body), `"code":"13"`) {
		t.Errorf("sent twice: %d %s", status, body)
	}
}

// sendRaw writes a request's text to the server's socket.
func sendRaw(t *testing.T, s *server, text, token string) (int, []byte) {
	t.Helper()
	address := strings.TrimPrefix(s.conomy, "http://")
	head, body, _ := strings.Cut(text, "\n\n")
	head = strings.NewReplacer(
		"{ACCESS_TOKEN}", token, "{YOUR_API_KEY}", s.credentials.ConomyKey, "api.conomyhq.com", address,
		"\n", "\r\n",
	).Replace(head)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "%s\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

// TestBlnkSeed sends the documentation's SDK example, then every field of its table.
func TestBlnkSeed(t *testing.T) {
	s := startServer(t, t.TempDir())
	for _, sent := range []map[string]any{
		{"identity_type": "individual", "first_name": "Alice", "last_name": "Smith", "email_address": "alice.smith@example.com"},
		{
			"identity_type": "organization", "identity_id": "idt_11111111-1111-4111-8111-111111111111",
			"organization_name": "Acme", "first_name": "A", "last_name": "B", "other_names": "C", "gender": "other",
			"dob": "1990-01-15T00:00:00Z", "email_address": "a@example.com", "phone_number": "+1234567890",
			"nationality": "Canadian", "category": "customer", "street": "1 Main St", "country": "Canada",
			"state": "Ontario", "post_code": "K1A", "city": "Ottawa",
			"meta_data": map[string]any{"customer_id": "CUST123456"},
		},
	} {
		body, _ := json.Marshal(sent)
		a := call(t, "POST", s.blnk+"/identities", string(body), "X-blnk-key", s.credentials.BlnkKey)
		var got map[string]any
		if err := json.Unmarshal(a.body, &got); err != nil || a.status != 201 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		for name, want := range sent {
			if fmt.Sprint(got[name]) != fmt.Sprint(want) {
				t.Errorf("%s: got %v, want %v", name, got[name], want)
			}
		}
		if len(got) != 19 || got["created_at"] == "" {
			t.Errorf("%d keys: %s", len(got), a.body)
		}
		again := call(t, "GET", s.blnk+"/identities/"+got["identity_id"].(string), "", "X-blnk-key", s.credentials.BlnkKey)
		if !bytes.Equal(again.body, a.body) {
			t.Errorf("GET: %s\nwant %s", again.body, a.body)
		}
	}
}

func TestIdentitiesAreVisibleInBothAPIs(t *testing.T) {
	s := startServer(t, t.TempDir())
	token := s.token(t)
	_, body := sendRaw(t, s, conomySeed, token)
	var made struct{ ID string }
	if err := json.Unmarshal(body, &made); err != nil {
		t.Fatal(err)
	}
	a := call(t, "GET", s.blnk+"/identities/"+made.ID, "", "X-blnk-key", s.credentials.BlnkKey)
	if a.status != 200 || !strings.Contains(string(a.body), `"first_name":"Juan Pérez"`) {
		t.Errorf("Conomy's through Blnk: %d %s", a.status, a.body)
	}
	a = call(t, "POST", s.blnk+"/identities", `{"identity_type":"organization","organization_name":"Acme"}`, "X-blnk-key", s.credentials.BlnkKey)
	var blnkMade struct {
		ID string `json:"identity_id"`
	}
	if err := json.Unmarshal(a.body, &blnkMade); err != nil {
		t.Fatal(err)
	}
	a = call(t, "GET", s.conomy+"/identities/"+blnkMade.ID, "", "Authorization", "Bearer "+token, "x-api-key", s.credentials.ConomyKey)
	if a.status != 200 || !strings.Contains(string(a.body), `"type":"ORGANIZATION","name":"Acme"`) {
		t.Errorf("Blnk's through Conomy: %d %s", a.status, a.body)
	}
}
