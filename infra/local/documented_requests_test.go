package local

import (
	"bufio"
	_ "embed"
	"net/http"
	"strings"
	"testing"
)

// documentedRequest is the request of Conomy's documentation, as it is printed there.
//
//go:embed testdata/conomy-seed.http
var documentedRequest string

// sendDocumented sends the request as it is printed, with its host, token and key replaced.
func (s *server) sendDocumented(t *testing.T, token string) httpResponse {
	t.Helper()
	head, body, _ := strings.Cut(documentedRequest, "\n\n")
	head = strings.NewReplacer("{ACCESS_TOKEN}", token, "{YOUR_API_KEY}", s.credentials.ConomyKey, "\n", "\r\n").Replace(head)
	printed, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + "\r\n\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(printed.Method, s.conomy+printed.RequestURI, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = printed.Header
	a, err := do(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestDocumentedConomyRequest(t *testing.T) {
	s := startServer(t, t.TempDir())
	token := s.token(t)
	created := s.sendDocumented(t, token)
	created.want(t, 200, `"status":"ACTIVE"`, `"documentNumber":"123125"`, `"twoFactorAuth":false`, `"children":null`)
	id := created.field(t, "id")
	for _, stage := range []string{"", "/sandbox"} {
		got := call(t, "GET", s.conomy+stage+"/identities/"+id, "", conomyHeaders(token, s.credentials.ConomyKey)...)
		if got.status != 200 || string(got.body) != string(created.body) {
			t.Errorf("GET %s/identities/%s = %d %s, want the response of the create: %s", stage, id, got.status, got.body, created.body)
		}
	}
	s.sendDocumented(t, token).want(t, 409, `"code":"13"`)
}
