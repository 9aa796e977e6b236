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

// defaultLocalURLs are where `make run` serves unless it is told otherwise.
var defaultLocalURLs = map[string]string{"conomy": "http://localhost:5010", "blnk": "http://localhost:5001"}

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
			client, err := readCredentials(envFile)
			if err != nil {
				return err
			}
			urls, err = c.baseURLs(cmd.Context(), urls)
			if err != nil {
				return err
			}
			return c.runSmoke(cmd.Context(), urls, client)
		},
	}
	cmd.Flags().StringToStringVar(&urls, "base-url", nil, "where a dialect is served: conomy=URL or blnk=URL (default: as the stack says, or make run's)")
	cmd.Flags().StringVar(&envFile, "env-file", "", "file with "+strings.Join(credentialNames, ", ")+" (default: the environment, or the sandbox's)")
	return cmd
}

// credentials are a client's, by the names of environment variables.
type credentials map[string]string

var credentialNames = []string{"CLIENT_ID", "CLIENT_SECRET", "CONOMY_KEY", "BLNK_KEY"}

// readCredentials reads the environment and then, if path is not empty, a file of NAME=value lines.
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

// baseURLs returns the given URLs or, if there are none, those of the registry.
func (c *cli) baseURLs(ctx context.Context, given map[string]string) (map[string]string, error) {
	for api, base := range given {
		if api != "conomy" && api != "blnk" || !validBaseURL(base) {
			return nil, fmt.Errorf("--base-url must be conomy=URL or blnk=URL, such as conomy=http://localhost:5010, not %s=%s", api, base)
		}
	}
	if len(given) > 0 {
		return given, nil
	}
	if c.stack == "" {
		return defaultLocalURLs, nil
	}
	var urls map[string]string
	err := c.withRegistry(ctx, func(r *openRegistry) error {
		urls = r.urls
		return nil
	})
	return urls, err
}

func validBaseURL(base string) bool {
	u, err := url.Parse(base)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(base, "?#")
}

// smokeCall is a call and how it went.
type smokeCall struct {
	API    string `json:"dialect"`
	Call   string `json:"call"`
	Status int    `json:"status"`
	Millis int64  `json:"ms"`
	OK     bool   `json:"ok"`
}

// runSmoke tests both APIs, the second one also when the first fails.
func (c *cli) runSmoke(ctx context.Context, urls map[string]string, client credentials) error {
	var calls []smokeCall
	var failed error
	for _, api := range []string{"conomy", "blnk"} {
		if urls[api] == "" {
			continue
		}
		s := &smokeTest{ctx: ctx, api: api, url: strings.TrimSuffix(urls[api], "/"), credentials: client}
		if err := s.run(); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s at %s: %w", api, s.url, err))
		}
		calls = append(calls, s.calls...)
	}
	c.print(calls, func(w *tabwriter.Writer) {
		for _, one := range calls {
			verdict := "ok"
			if !one.OK {
				verdict = "FAILED"
			}
			writeRow(w, verdict, one.API, one.Call, one.Status, fmt.Sprint(one.Millis, " ms"))
		}
	})
	return failed
}

// smokeTest creates, fetches and deletes an identity through one API.
type smokeTest struct {
	ctx         context.Context
	api, url    string
	credentials credentials
	headers     map[string]string
	calls       []smokeCall
}

func (s *smokeTest) run() error {
	if s.api == "blnk" {
		s.headers = map[string]string{"X-Blnk-Key": s.credentials["BLNK_KEY"]}
		id, err := s.call("POST", "/identities", `{"identity_type":"individual","first_name":"Smoke"}`, http.StatusCreated, "identity_id")
		return s.fetchAndDelete(id, http.StatusOK, err)
	}
	if err := s.login(); err != nil {
		return err
	}
	number := time.Now().UnixNano() % 1e10
	body := fmt.Sprintf(`{"type":"USER","name":"Smoke","email":"smoke-%d@example.com","phone":"+56912345678","documentType":"PASSPORT","documentNumber":"SM%d","idv":"smoke","country":"CHL"}`, number, number)
	id, err := s.call("POST", "/identities", body, http.StatusOK, "id")
	return s.fetchAndDelete(id, http.StatusNoContent, err)
}

// fetchAndDelete goes on with the new identity unless its creation failed with err.
func (s *smokeTest) fetchAndDelete(id string, deleted int, err error) error {
	for _, c := range []struct {
		method string
		status int
	}{{"GET", http.StatusOK}, {"DELETE", deleted}, {"GET", http.StatusNotFound}} {
		if err != nil {
			return err
		}
		_, err = s.call(c.method, "/identities/"+id, "", c.status, "")
	}
	return err
}

func (s *smokeTest) login() error {
	s.headers = map[string]string{"X-Api-Key": s.credentials["CONOMY_KEY"], "User-Agent": "cedula-smoke/1.0"}
	body := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, s.credentials["CLIENT_ID"], s.credentials["CLIENT_SECRET"])
	token, err := s.call("POST", "/auth", body, http.StatusOK, "accessToken")
	s.headers["Authorization"] = "Bearer " + token
	return err
}

// call sends a request and returns a field of the response, none if field is empty. Its error holds the response, which
// holds no secret.
func (s *smokeTest) call(method, path, body string, want int, field string) (string, error) {
	start := time.Now()
	r, err := http.NewRequestWithContext(s.ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	for name, value := range s.headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := (&http.Client{Timeout: 30 * time.Second}).Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return "", err
	}
	shownPath := path
	if strings.HasPrefix(path, "/identities/") {
		shownPath = "/identities/{id}"
	}
	ok := response.StatusCode == want
	s.calls = append(s.calls, smokeCall{s.api, method + " " + shownPath, response.StatusCode, time.Since(start).Milliseconds(), ok})
	if !ok {
		return "", fmt.Errorf("%s %s answered %d, want %d: %s", method, shownPath, response.StatusCode, want, bytes.TrimSpace(text))
	}
	if field == "" {
		return "", nil
	}
	return stringField(text, field)
}

func stringField(body []byte, name string) (string, error) {
	var all map[string]any
	if err := json.Unmarshal(body, &all); err != nil {
		return "", err
	}
	value, _ := all[name].(string)
	if value == "" {
		return "", fmt.Errorf("the answer has no %s", name)
	}
	return value, nil
}
