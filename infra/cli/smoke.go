package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// credentials are a client's, from the environment or from a file of NAME=value
// lines such as the sandbox's.
type credentials map[string]string

var credentialNames = []string{"CLIENT_ID", "CLIENT_SECRET", "CONOMY_KEY", "BLNK_KEY"}

func readCredentials(path string) (credentials, error) {
	found := credentials{}
	for _, name := range credentialNames {
		found[name] = os.Getenv(name)
	}
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && slices.Contains(credentialNames, name) {
				found[name] = value
			}
		}
	}
	for _, name := range credentialNames {
		if found[name] == "" {
			return nil, fmt.Errorf("%s is not set: put the client's credentials into the environment, or into a file for --env-file", name)
		}
	}
	return found, nil
}

func (c *cli) smoke() *cobra.Command {
	var urls map[string]string
	var envFile string
	cmd := &cobra.Command{
		Use: "smoke", Short: "Create, fetch and delete an identity in each dialect of a running registry", Args: noArguments,
		Example: "  cedula smoke --env-file .cedula/sandbox.env\n" +
			"  cedula smoke --base-url conomy=https://id.example.com/production --base-url blnk=https://blnk.example.com/production",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if envFile == "" && c.stack == "" && os.Getenv("CLIENT_ID") == "" {
				envFile = filepath.Join(c.data, "sandbox.env")
			}
			with, err := readCredentials(envFile)
			if err != nil {
				return err
			}
			if urls, err = c.baseURLs(cmd.Context(), urls); err != nil {
				return err
			}
			return c.runSmoke(cmd.Context(), urls, with)
		},
	}
	cmd.Flags().StringToStringVar(&urls, "base-url", nil, "where a dialect is served: conomy=URL or blnk=URL (default: as the stack says, or make run's)")
	cmd.Flags().StringVar(&envFile, "env-file", "", "file with "+strings.Join(credentialNames, ", ")+" (default: the environment, or the sandbox's)")
	return cmd
}

// baseURLs are those given or, if none is, the registry's own.
func (c *cli) baseURLs(ctx context.Context, given map[string]string) (map[string]string, error) {
	for dialect, base := range given {
		u, err := url.Parse(base)
		switch {
		case dialect != "conomy" && dialect != "blnk", err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "", strings.ContainsAny(base, "?#"):
			return nil, fmt.Errorf("--base-url must be conomy=URL or blnk=URL, such as conomy=http://localhost:5010, not %s=%s", dialect, base)
		}
	}
	switch {
	case len(given) > 0:
		return given, nil
	case c.stack == "":
		return defaultLocalURLs, nil
	}
	var urls map[string]string
	err := c.withRegistry(ctx, func(r *registry) error { urls = r.urls; return nil })
	return urls, err
}

// smokeResult is a call of the smoke test and how it went.
type smokeResult struct {
	Dialect string `json:"dialect"`
	Call    string `json:"call"`
	Status  int    `json:"status"`
	Millis  int64  `json:"ms"`
	OK      bool   `json:"ok"`
}

type smokeResults []smokeResult

func (s smokeResults) lines(w *tabwriter.Writer) {
	for _, one := range s {
		verdict := "ok"
		if !one.OK {
			verdict = "FAILED"
		}
		writeRow(w, verdict, one.Dialect, one.Call, one.Status, fmt.Sprint(one.Millis, " ms"))
	}
}

// runSmoke goes on after a failure: what one dialect cannot, the other may.
func (c *cli) runSmoke(ctx context.Context, urls map[string]string, with credentials) error {
	var done smokeResults
	var failed error
	for _, dialect := range []string{"conomy", "blnk"} {
		if urls[dialect] == "" {
			continue
		}
		s := &smokeTest{ctx: ctx, dialect: dialect, url: strings.TrimSuffix(urls[dialect], "/"), credentials: with}
		if err := s.run(); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s at %s: %w", dialect, s.url, err))
		}
		done = append(done, s.results...)
	}
	c.print(done)
	return failed
}

type smokeTest struct {
	ctx          context.Context
	dialect, url string
	credentials  credentials
	headers      map[string]string
	results      smokeResults
}

func (s *smokeTest) run() error {
	body, member, made := `{"identity_type":"individual","first_name":"Smoke"}`, "identity_id", http.StatusCreated
	s.headers = map[string]string{"X-Blnk-Key": s.credentials["BLNK_KEY"]}
	deleted := http.StatusOK
	if s.dialect == "conomy" {
		if err := s.login(); err != nil {
			return err
		}
		number := time.Now().UnixNano() % 1e10
		body = fmt.Sprintf(`{"type":"USER","name":"Smoke","email":"smoke-%d@example.com","phone":"+56912345678","documentType":"PASSPORT","documentNumber":"SM%d","idv":"smoke","country":"CHL"}`, number, number)
		member, made, deleted = "id", http.StatusOK, http.StatusNoContent
	}
	id, err := s.call("POST", "/identities", body, made, member)
	if err != nil {
		return err
	}
	path := "/identities/" + id
	for _, c := range []struct {
		method string
		status int
	}{{"GET", http.StatusOK}, {"DELETE", deleted}, {"GET", http.StatusNotFound}} {
		if _, err := s.call(c.method, path, "", c.status, ""); err != nil {
			return err
		}
	}
	return nil
}

func (s *smokeTest) login() error {
	s.headers = map[string]string{"X-Api-Key": s.credentials["CONOMY_KEY"], "User-Agent": "cedula-smoke/1.0"}
	body := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, s.credentials["CLIENT_ID"], s.credentials["CLIENT_SECRET"])
	token, err := s.call("POST", "/auth", body, http.StatusOK, "accessToken")
	s.headers["Authorization"] = "Bearer " + token
	return err
}

// call sends a request and returns a member of the answer. Its error says what
// the registry answered, which holds no secret.
func (s *smokeTest) call(method, path, body string, want int, member string) (string, error) {
	begin := time.Now()
	r, err := http.NewRequestWithContext(s.ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	for name, value := range s.headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := (&http.Client{Timeout: 30 * time.Second}).Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return "", err
	}
	shown := path
	if strings.HasPrefix(path, "/identities/") {
		shown = "/identities/{id}"
	}
	ok := answer.StatusCode == want
	s.results = append(s.results, smokeResult{s.dialect, method + " " + shown, answer.StatusCode, time.Since(begin).Milliseconds(), ok})
	if !ok {
		return "", fmt.Errorf("%s %s answered %d, want %d: %s", method, shown, answer.StatusCode, want, bytes.TrimSpace(text))
	}
	return stringField(text, member)
}

func stringField(body []byte, member string) (string, error) {
	if member == "" {
		return "", nil
	}
	var all map[string]any
	if err := json.Unmarshal(body, &all); err != nil {
		return "", err
	}
	value, _ := all[member].(string)
	if value == "" {
		return "", fmt.Errorf("the answer has no %s", member)
	}
	return value, nil
}
