package main

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"net"
	"net/http"
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
	for _, stage := range []string{"", "/sandbox"} {
		got := call(t, "GET", s.conomy+stage+"/identities/"+id, "", conomyHeaders(token, s.credentials.ConomyKey)...)
		if got.status != 200 || string(got.body) != string(created.body) {
			t.Errorf("GET %s/identities/%s = %d %s, want the response of the create: %s", stage, id, got.status, got.body, created.body)
		}
	}
	s.sendRaw(t, documentedRequest, token).want(t, 409, `"code":"13"`)
}
