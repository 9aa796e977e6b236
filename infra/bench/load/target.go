package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
)

const (
	identitiesPath = "/identities"
	fetched        = 500 // identities that the fetches read in turns
	jsonType       = "Content-Type: application/json"
)

// Create requests as large as the examples of the APIs' documentation. @N@ stands for a number.
var (
	//go:embed conomy.json
	conomyBody string
	//go:embed blnk.json
	blnkBody string
)

// target is one API of one server.
type target struct {
	server, api string
	url         string
	headers     []string // "Name: value"
	body        string   // of a create
	idField     string   // of the response to a create
	pids        []int    // processes of the server
	paths       []string // of the fetches; seed sets them
}

// targetsFromEnv logs in and returns both APIs of the server, and the peer if there is one.
func targetsFromEnv(ctx context.Context) ([]*target, error) {
	conomy := &target{
		server: "cedula", api: "conomy", url: cmp.Or(os.Getenv("CONOMY_URL"), "http://localhost:5010"), body: conomyBody, idField: "id",
		headers: []string{jsonType, "x-api-key: " + os.Getenv("CONOMY_KEY"), "conomyhq-api-version: 24-04-2025"}, pids: pidsFromEnv("SERVER_PID"),
	}
	blnk := &target{
		server: "cedula", api: "blnk", url: cmp.Or(os.Getenv("BLNK_URL"), "http://localhost:5001"), body: blnkBody, idField: "identity_id",
		headers: []string{jsonType, "X-Blnk-Key: " + os.Getenv("BLNK_KEY")}, pids: conomy.pids,
	}
	var token struct{ AccessToken string }
	credentials := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, os.Getenv("CLIENT_ID"), os.Getenv("CLIENT_SECRET"))
	if err := conomy.post(ctx, "/auth", credentials, &token); err != nil {
		return nil, err
	}
	conomy.headers = append(conomy.headers, "Authorization: Bearer "+token.AccessToken)
	targets := []*target{conomy, blnk}
	if url := os.Getenv("PEER_URL"); url != "" {
		targets = append(targets, peer(url))
	}
	return targets, nil
}

// peer returns another server of the Blnk API: PEER_HEADER has lines of "Name: value"; PEER_PIDS has its processes, separated by commas.
func peer(url string) *target {
	t := &target{
		server: "peer", api: "blnk", url: strings.TrimSuffix(url, "/"), body: blnkBody, idField: "identity_id",
		headers: []string{jsonType}, pids: pidsFromEnv("PEER_PIDS"),
	}
	if header := os.Getenv("PEER_HEADER"); header != "" {
		t.headers = append(t.headers, strings.Split(header, "\n")...)
	}
	return t
}

func pidsFromEnv(name string) []int {
	var pids []int
	for text := range strings.SplitSeq(os.Getenv(name), ",") {
		if pid, err := strconv.Atoi(text); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// seed creates the identities that are fetched.
func (t *target) seed(ctx context.Context) error {
	run := nextRun()
	for n := range fetched {
		var created map[string]any
		if err := t.post(ctx, identitiesPath, strings.ReplaceAll(t.body, "@N@", fmt.Sprintf("%s%07d", run, n)), &created); err != nil {
			return err
		}
		id, ok := created[t.idField].(string)
		if !ok {
			return fmt.Errorf("%s: the response to a create has no %q", t.url, t.idField)
		}
		t.paths = append(t.paths, identitiesPath+"/"+id)
	}
	return nil
}

// post sends a JSON request and decodes the response.
func (t *target) post(ctx context.Context, path, body string, response any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	for _, header := range t.headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	r, err := http.DefaultClient.Do(request) //nolint:gosec // G704: the developer names the server
	if err != nil {
		return err
	}
	text, err := io.ReadAll(r.Body)
	err = errors.Join(err, r.Body.Close())
	if err != nil {
		return err
	}
	if r.StatusCode >= 300 {
		return fmt.Errorf("POST %s returned %s: %s", request.URL, r.Status, text)
	}
	return json.Unmarshal(text, response)
}
