package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// blnkBody and conomyBody are new identities as large as the documentations'.
const (
	blnkBody = `{"identity_type":"individual","first_name":"Alice","last_name":"Smith","other_names":"Marie","gender":"female",` +
		`"dob":"1990-01-15T00:00:00Z","email_address":"alice@N@@example.com","phone_number":"+1@N@","nationality":"Peruvian","category":"customer",` +
		`"street":"1 Main Street","country":"Peru","state":"Lima","post_code":"15001","city":"Lima","meta_data":{"segment":"retail","n":"@N@"}}`
	conomyBody = `{"type":"USER","name":"Juan Pérez","nickname":"juanp","email":"juan.perez-@N@@example.com","phone":"+56@N@","documentType":"PASSPORT",` +
		`"documentNumber":"@N@","status":"ACTIVE","idv":"iv-23123","country":"CHL","securityOptions":{"twoFactorEnabled":false,"accessControl":{"scopes":` +
		`[{"resource":"IDENTITY","reference":"6808d26af21dc6b97c1cc12a","permissions":["account:write","account:read"]}]}},"children":[]}`
)

const jsonType = "Content-Type: application/json"

// Pair is the create and the fetch of one API.
type Pair struct {
	Dialect       string
	Create, Fetch Job
}

// ConomyPair is a local server's in Conomy's dialect.
func (l *Local) ConomyPair(ctx context.Context) (Pair, error) {
	headers := []string{"Authorization: Bearer " + l.Token, "x-api-key: " + l.Key, "conomyhq-api-version: 24-04-2025", jsonType}
	return newPair(ctx, "conomy", l.Server(l.Conomy), headers, "/identities", "/identities/{id}", conomyBody, "id")
}

// BlnkPair is a local server's in Blnk's dialect.
func (l *Local) BlnkPair(ctx context.Context) (Pair, error) {
	return newPair(ctx, "blnk", l.Server(l.Blnk), []string{"X-Blnk-Key: " + l.BlnkKey, jsonType}, "/identities", "/identities/{id}", blnkBody, "identity_id")
}

// PeerPair is another server's, by the environment: PEER_URL, without which
// there is none; PEER_HEADER, lines of "Name: value"; PEER_CREATE and
// PEER_FETCH, paths, where {id} is what PEER_ID names in a create's answer;
// PEER_BODY, in which @N@ is a number; PEER_DIALECT, beside which of ours it is
// held; PEER_PIDS, its processes. What is not said is as Blnk has it.
func PeerPair(ctx context.Context) (pair Pair, there bool, err error) {
	env := func(name, otherwise string) string {
		if v := os.Getenv("PEER_" + name); v != "" {
			return v
		}
		return otherwise
	}
	s := &Server{Name: env("NAME", "peer"), URL: strings.TrimSuffix(env("URL", ""), "/")}
	if s.URL == "" {
		return Pair{}, false, nil
	}
	for _, pid := range strings.Split(env("PIDS", ""), ",") {
		if n, err := strconv.Atoi(pid); err == nil {
			s.PIDs = append(s.PIDs, n)
		}
	}
	headers := []string{jsonType}
	if h := env("HEADER", ""); h != "" {
		headers = append(headers, strings.Split(h, "\n")...)
	}
	pair, err = newPair(ctx, env("DIALECT", "blnk"), s, headers, env("CREATE", "/identities"), env("FETCH", "/identities/{id}"),
		env("BODY", blnkBody), env("ID", "identity_id"))
	return pair, true, err
}

// fetched is how many identities are fetched in turns.
const fetched = 500

// newPair makes the identities that are to be fetched.
func newPair(ctx context.Context, dialect string, s *Server, headers []string, create, fetch, body, id string) (Pair, error) {
	p := Pair{
		Dialect: dialect,
		Create:  Job{Server: s, Name: "create", Method: http.MethodPost, Headers: headers, Paths: []string{create}, Body: body},
		Fetch:   Job{Server: s, Name: "fetch", Method: http.MethodGet, Headers: headers},
	}
	for n := range fetched {
		var made map[string]any
		if err := ask(ctx, http.MethodPost, s.URL+create, headers, strings.ReplaceAll(body, "@N@", fmt.Sprintf("%d%09d", 9, n)), &made); err != nil {
			return Pair{}, err
		}
		name, ok := made[id].(string)
		if !ok {
			return Pair{}, fmt.Errorf("load: a create of %s has no %q in its answer", s.Name, id)
		}
		p.Fetch.Paths = append(p.Fetch.Paths, strings.ReplaceAll(fetch, "{id}", name))
	}
	return p, nil
}

// ask sends one request, which must succeed.
func ask(ctx context.Context, method, url string, headers []string, body string, answer any) error {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	text, err := io.ReadAll(got.Body)
	if err = errors.Join(err, got.Body.Close()); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	if got.StatusCode >= 300 {
		return fmt.Errorf("load: %s %s answers %d %s", method, url, got.StatusCode, text)
	}
	return json.Unmarshal(text, answer)
}
