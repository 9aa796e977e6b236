package main

import (
	"bufio"
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

// documentedRequest is the request of Conomy's documentation, as it is printed there.
//
//go:embed testdata/conomy-seed.http
var documentedRequest string

func documentedBody() string {
	_, body, _ := strings.Cut(documentedRequest, "\n\n")
	return body
}

// sendRaw writes a request's text to the server. It replaces host, token and key, and adds the length, which the
// documentation omits.
func (s *server) sendRaw(t *testing.T, text, token string) httpResponse {
	t.Helper()
	address := strings.TrimPrefix(s.conomy, "http://")
	head, body, _ := strings.Cut(text, "\n\n")
	head = strings.NewReplacer("{ACCESS_TOKEN}", token, "{YOUR_API_KEY}", s.credentials.ConomyKey, "api.conomyhq.com", address, "\n", "\r\n").Replace(head)
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
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return httpResponse{response.StatusCode, response.Header, content}
}

func TestDocumentedConomyRequest(t *testing.T) {
	s := startServer(t, t.TempDir())
	token := s.token(t)
	created := s.sendRaw(t, documentedRequest, token)
	created.want(t, 200, `"status":"ACTIVE"`, `"documentNumber":"123125"`, `"twoFactorAuth":false`, `"children":null`)
	id := created.field(t, "id")
	if !regexp.MustCompile(`^[0-9a-f]{24}$`).MatchString(id) {
		t.Errorf("id = %s, want 24 hexadecimal digits", id)
	}
	if at := created.field(t, "createdAt"); !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`).MatchString(at) || at != created.field(t, "updatedAt") {
		t.Errorf("response = %s, want both times equal, in whole seconds", created.body)
	}
	for _, stage := range []string{"", "/sandbox"} {
		got := call(t, "GET", s.conomy+stage+"/identities/"+id, "", conomyHeaders(token, s.credentials.ConomyKey)...)
		if got.status != 200 || string(got.body) != string(created.body) {
			t.Errorf("GET %s/identities/%s = %d %s, want the response of the create: %s", stage, id, got.status, got.body, created.body)
		}
	}
	s.sendRaw(t, documentedRequest, token).want(t, 409, `"code":"13"`)
}

// TestDocumentedBlnkRequests sends the example of Blnk's SDK documentation, then every field of its table.
func TestDocumentedBlnkRequests(t *testing.T) {
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
		created := call(t, "POST", s.blnk+"/identities", string(body), s.blnkHeaders()...)
		created.want(t, 201)
		var got map[string]any
		if err := json.Unmarshal(created.body, &got); err != nil {
			t.Fatal(err)
		}
		for name, want := range sent {
			if fmt.Sprint(got[name]) != fmt.Sprint(want) {
				t.Errorf("%s = %v, want %v", name, got[name], want)
			}
		}
		if len(got) != 19 || got["created_at"] == "" {
			t.Errorf("response = %s, want 19 fields", created.body)
		}
		fetched := call(t, "GET", s.blnk+"/identities/"+created.field(t, "identity_id"), "", s.blnkHeaders()...)
		if string(fetched.body) != string(created.body) {
			t.Errorf("GET = %s, want the response of the create: %s", fetched.body, created.body)
		}
	}
}
