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
	body        string   // of a create
	pids        []int    // processes of the server
	headers     []string // "Name: value"
	paths       []string // of the fetches; seed sets them
}

// targetsFromEnv logs in and returns both APIs of the server, and the peer if there is one: PEER_HEADER has lines of "Name: value";
// PEER_PIDS has its processes, separated by commas.
func targetsFromEnv(ctx context.Context) ([]*target, error) {
	const jsonType = "Content-Type: application/json"
	pids := pidsFromEnv("SERVER_PID")
	conomy := &target{
		server: "cedula", api: "conomy", url: cmp.Or(os.Getenv("CONOMY_URL"), "http://localhost:5010"), body: conomyBody, pids: pids,
		headers: []string{jsonType, "x-api-key: " + os.Getenv("CONOMY_KEY"), "conomyhq-api-version: 24-04-2025"},
	}
	blnk := &target{
		server: "cedula", api: "blnk", url: cmp.Or(os.Getenv("BLNK_URL"), "http://localhost:5001"), body: blnkBody, pids: pids,
		headers: []string{jsonType, "X-Blnk-Key: " + os.Getenv("BLNK_KEY")},
	}
	targets := []*target{conomy, blnk}
	if url := os.Getenv("PEER_URL"); url != "" {
		headers := strings.FieldsFunc(os.Getenv("PEER_HEADER"), func(r rune) bool { return r == '\n' })
		targets = append(targets, &target{
			server: "peer", api: "blnk", url: strings.TrimSuffix(url, "/"), body: blnkBody, pids: pidsFromEnv("PEER_PIDS"),
			headers: append(headers, jsonType),
		})
	}
	credentials := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, os.Getenv("CLIENT_ID"), os.Getenv("CLIENT_SECRET"))
	login, err := conomy.post(ctx, "/auth", credentials)
	conomy.headers = append(conomy.headers, "Authorization: Bearer "+login.AccessToken)
	return targets, err
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
		created, err := t.post(ctx, identitiesPath, strings.ReplaceAll(t.body, "@N@", fmt.Sprintf("%s%07d", run, n)))
		if err != nil {
			return err
		}
		t.paths = append(t.paths, identitiesPath+"/"+cmp.Or(created.ConomyID, created.BlnkID))
	}
	return nil
}

// response is what load reads of a response to a login or a create.
type response struct {
	AccessToken string `json:"accessToken"`
	ConomyID    string `json:"id"`
	BlnkID      string `json:"identity_id"`
}

// post sends a JSON request.
func (t *target) post(ctx context.Context, path, body string) (created response, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url+path, strings.NewReader(body))
	if err != nil {
		return created, err
	}
	for _, header := range t.headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	r, err := http.DefaultClient.Do(request) //nolint:gosec // G704: the developer names the server
	if err != nil {
		return created, err
	}
	text, err := io.ReadAll(r.Body)
	err = errors.Join(err, r.Body.Close())
	if err != nil {
		return created, err
	}
	if r.StatusCode >= 300 {
		return created, fmt.Errorf("POST %s returned %s: %s", request.URL, r.Status, text)
	}
	err = json.Unmarshal(text, &created)
	return created, err
}
