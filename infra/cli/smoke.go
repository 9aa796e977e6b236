package cli

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
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (c *cli) smoke() *cobra.Command {
	var urls map[string]string
	var envFile string
	cmd := &cobra.Command{
		Use: "smoke", Short: "Test a running registry: create, fetch and delete an identity through each API", Args: NoArguments,
		Long: "Test a running registry: create, fetch and delete an identity through each API.\n" +
			"The client needs the scopes identity:read, identity:write and identity:delete.",
		Example: c.example("smoke --env-file credentials.env",
			"smoke --base-url conomy=https://id.example.com/production --base-url blnk=https://blnk.example.com/production"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.Check(); err != nil {
				return err
			}
			if envFile == "" && os.Getenv("CLIENT_ID") == "" {
				envFile = c.EnvFile()
			}
			client, err := readCredentials(envFile)
			if err != nil {
				return err
			}
			if err := checkBaseURLs(urls); err != nil {
				return err
			}
			if len(urls) == 0 {
				urls, err = c.BaseURLs(cmd.Context())
				if err != nil {
					return RunError{err}
				}
			}
			if err := c.runSmoke(cmd.Context(), urls, client); err != nil {
				return RunError{err}
			}
			return nil
		},
	}
	defaultFile := ""
	if c.EnvFile() != "" {
		defaultFile = ", or " + filepath.Base(c.EnvFile()) + " in the data directory"
	}
	f := cmd.Flags()
	f.StringToStringVar(&urls, "base-url", nil, "base URL of an API: conomy=URL or blnk=URL, may be repeated; an API without one is not tested (default: those of the registry)")
	f.Lookup("base-url").DefValue = ""
	f.StringVar(&envFile, "env-file", "", "file with "+strings.Join(credentialNames, ", ")+" (default: the environment"+defaultFile+")")
	return cmd
}

var credentialNames = []string{"CLIENT_ID", "CLIENT_SECRET", "CONOMY_KEY", "BLNK_KEY"}

// readCredentials reads a file of NAME=value lines, if path is not empty, and takes from the environment what is not in it.
func readCredentials(path string) (map[string]string, error) {
	found := map[string]string{}
	source := "the environment"
	if path != "" {
		source = path + " or the environment"
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("cannot read the client's credentials: %w; name their file with --env-file", err)
		}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			found[name] = value
		}
	}
	for _, name := range credentialNames {
		if _, given := found[name]; !given {
			found[name] = os.Getenv(name)
		}
		if found[name] == "" {
			return nil, fmt.Errorf("%s is not in %s; name a file with the client's credentials with --env-file", name, source)
		}
	}
	return found, nil
}

func checkBaseURLs(urls map[string]string) error {
	for api, base := range urls {
		if api != "conomy" && api != "blnk" || !validBaseURL(base) {
			return fmt.Errorf("--base-url must be conomy=URL or blnk=URL, such as conomy=http://localhost:5010, not %s=%s", api, base)
		}
	}
	return nil
}

func validBaseURL(base string) bool {
	u, err := url.Parse(base)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(base, "?#")
}

// smokeCall is a call and how it went.
type smokeCall struct {
	API    string `json:"api"`
	Call   string `json:"call"`
	Status int    `json:"status"`
	Millis int64  `json:"ms"`
	OK     bool   `json:"ok"`
}

// runSmoke tests both APIs, the second one also when the first fails.
func (c *cli) runSmoke(ctx context.Context, urls, credentials map[string]string) error {
	calls := []smokeCall{}
	var failed []string
	for _, api := range []string{"conomy", "blnk"} {
		if urls[api] == "" {
			continue
		}
		s := newSmokeTest(api, strings.TrimSuffix(urls[api], "/"), credentials)
		if err := s.run(ctx); err != nil {
			failed = append(failed, fmt.Sprintf("%s at %s: %v", api, s.url, err))
		}
		calls = append(calls, s.calls...)
	}
	var table []row
	for _, one := range calls {
		verdict := "ok"
		if !one.OK {
			verdict = "FAILED"
		}
		table = append(table, row{verdict, one.API, one.Call, one.Status, fmt.Sprint(one.Millis, " ms")})
	}
	err := c.print(calls, table)
	if len(failed) > 0 {
		return errors.New(strings.Join(failed, "; "))
	}
	return err
}

// smokeTest creates, fetches and deletes an identity through one API.
type smokeTest struct {
	api, url string
	header   http.Header
	steps    []smokeStep
	calls    []smokeCall
}

// smokeStep is a call, and the status that it must have.
type smokeStep struct {
	method, path, body string
	want               int
	field              string // of the response, which the later steps need; empty: none
}

func newSmokeTest(api, url string, credentials map[string]string) *smokeTest {
	s := &smokeTest{api: api, url: url, header: http.Header{"Content-Type": {"application/json"}}}
	deleted := http.StatusOK
	if api == "blnk" {
		s.header.Set("X-Blnk-Key", credentials["BLNK_KEY"])
		s.steps = []smokeStep{{"POST", "/identities", `{"identity_type":"individual","first_name":"Smoke"}`, http.StatusCreated, "identity_id"}}
	} else {
		s.header.Set("X-Api-Key", credentials["CONOMY_KEY"])
		s.header.Set("User-Agent", "cedula-smoke/1.0")
		login := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, credentials["CLIENT_ID"], credentials["CLIENT_SECRET"])
		number := time.Now().UnixNano() % 1e10
		person := fmt.Sprintf(`{"type":"USER","name":"Smoke","email":"smoke-%d@example.com","phone":"+56912345678","documentType":"PASSPORT","documentNumber":"SM%d","idv":"smoke","country":"CHL"}`, number, number)
		s.steps = []smokeStep{{"POST", "/auth", login, http.StatusOK, "accessToken"}, {"POST", "/identities", person, http.StatusOK, "id"}}
		deleted = http.StatusNoContent
	}
	s.steps = append(s.steps,
		smokeStep{"GET", "/identities/{id}", "", http.StatusOK, ""},
		smokeStep{"DELETE", "/identities/{id}", "", deleted, ""},
		smokeStep{"GET", "/identities/{id}", "", http.StatusNotFound, ""},
	)
	return s
}

func (s *smokeTest) run(ctx context.Context) error {
	id := ""
	for _, step := range s.steps {
		value, err := s.call(ctx, step, id)
		if err != nil {
			return err
		}
		if step.field == "accessToken" {
			s.header.Set("Authorization", "Bearer "+value)
		} else if step.field != "" {
			id = value
		}
	}
	return nil
}

// call makes a step's call and returns the field. Its error holds the response, which holds no secret.
func (s *smokeTest) call(ctx context.Context, step smokeStep, id string) (string, error) {
	start := time.Now()
	r, err := http.NewRequestWithContext(ctx, step.method, s.url+strings.ReplaceAll(step.path, "{id}", id), strings.NewReader(step.body))
	if err != nil {
		return "", err
	}
	r.Header = s.header
	response, err := (&http.Client{Timeout: 30 * time.Second}).Do(r)
	if err != nil {
		s.calls = append(s.calls, smokeCall{API: s.api, Call: step.method + " " + step.path})
		return "", fmt.Errorf("%w; name the addresses of the APIs with --base-url", err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return "", err
	}
	ok := response.StatusCode == step.want
	s.calls = append(s.calls, smokeCall{s.api, step.method + " " + step.path, response.StatusCode, time.Since(start).Milliseconds(), ok})
	if !ok {
		return "", fmt.Errorf("%s %s returned %d, want %d: %s", step.method, step.path, response.StatusCode, step.want, bytes.TrimSpace(text))
	}
	if step.field == "" {
		return "", nil
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		return "", err
	}
	value, _ := all[step.field].(string)
	if value == "" {
		return "", fmt.Errorf("the response has no %s", step.field)
	}
	return value, nil
}
