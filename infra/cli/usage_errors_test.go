package cli_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cedula/infra/cli"
	"cedula/shared/store"
	"cedula/shared/table/pebble"
)

func TestHelp(t *testing.T) {
	for line, want := range map[string]string{
		"clients":      "Usage:\n  cedula clients [command]\n\nAvailable Commands:\n  create",
		"help":         "a registry.\n\nSecrets are shown once",
		"help clients": "Create, list, show and suspend clients",
	} {
		wantContains(t, new(server).mustRun(t, line), want)
	}
}

// TestInvalidValuesAreRejected: the error says what to write instead, and nothing is created.
func TestInvalidValuesAreRejected(t *testing.T) {
	s := startServer(t)
	id := s.runJSON(t, "clients create --name shop --scope *")["id"].(string)
	seeker := s.runJSON(t, "clients create --name seeker --scope identity:search")["id"].(string)
	client := "clients create --name x --scope * "
	key := "keys create --client " + id + " --use blnk "
	narrow := "keys create --client " + seeker + " --use conomy "
	long := strings.Repeat("a", 3000)
	const ttl, limits, baseURL = "--expires-in must be at least 1s", "must be 0 or from", "--base-url must be conomy=URL or blnk=URL"
	for _, tt := range []struct {
		line string // words separated by single spaces; at the end of a line, a space precedes an empty word
		want string
	}{
		{"clients nothing", `unknown command "nothing" for "cedula clients"`},
		{"clients list more", `unexpected argument "more"`},
		{"clients list --data /nowhere", "or start the registry once with `cedula serve`"},
		{"clients list --stack x --region us-east-1", "unknown flag: --stack; cedula-aws manages a registry in AWS"},
		{"clients update x --steps instant", `unknown command "update" for "cedula clients"; available: create list show suspend`},
		{"clients show", "the client's id is required: cedula clients show CLIENT"},
		{"clients show ", "the client's id is required"},
		{"clients show absent", "no such client or key; `cedula clients list` shows the clients, `cedula keys list CLIENT` their keys"},
		{"clients show a b", `unexpected argument "b"`},
		{"clients show " + long, "no such client or key"},
		{"clients create", `required flag(s) "name" not set; see: cedula clients create --help`},
		{"clients create --name x", "--scope is required"},
		{"clients create --name x --scope identity:reed", `unknown scope "identity:reed"; valid scopes: * client:admin`},
		{client + "--mode odd", "--mode must be lenient or strict"},
		{client + "--stage odd", "--stage must be test or live"},
		{client + "--data ", "--data is empty"},
		{client + "--name ", "--name is empty; give it a value"},
		{client + "--name \u3000", "--name is empty"},
		{client + "--name \xff", "--name must have at most 128 bytes of printable text"},
		{client + "--tenant ", "--tenant is empty; give it a value, or omit it"},
		{client + "--tenant a#b", "--tenant must have up to 64 of the letters a to z and A to Z, digits"},
		{client + "--rate 1", "--rate requires burst"},
		{client + "--rate NaN --burst 1", "--rate " + limits},
		{client + "--rate 1 --burst -1", "--burst " + limits},
		{client + "--quota 99999999999999999999", "--quota"},
		{client + "--steps screening", "--steps must be instant, contact or contact+screening"},
		{client + "--pending-life 1m", "--pending-life must be between 1h and 90d"},
		{client + "--pending-life 0d", "--pending-life must be between 1h and 90d"},
		{"keys list \t", "the client's id is required"},
		{"keys revoke", "the key's id is required"},
		{"keys rotate x", "no such client or key"},
		{"keys create --client 0000000000000000 --use blnk", "no such client or key"},
		{"keys create --client x --use other", "--use must be conomy or blnk"},
		{"keys create --use blnk --client ", "--client is empty; give it a value"},
		{key + "--expires-in 0", ttl},
		{key + "--expires-in 9999999h", "--expires-in"},
		{key + "--expires-in 70000d", "want a duration"},
		{key + "--expires-in d", "want a duration such as 90m, 12h or 7d"},
		{key + "--name \t", "--name is empty"},
		{key + "--name a\nb", "--name must have"},
		{key + "--name \xff", "--name must have"},
		{key + "--scope ", "--scope is empty"},
		{narrow + "--scope identity:write", "--scope identity:write is not one of the client's scopes: identity:search"},
		{narrow + "--scope identity:search --scope key:read", "--scope key:read is not one of the client's scopes: identity:search"},
		{"secrets rotate absent --overlap 8d", "--overlap must be between 0 and 7d"},
		{"secrets rotate x --overlap soon", `invalid argument "soon" for "--overlap" flag: want a duration such as 90m, 12h or 7d, not negative, with at most 65535 whole days`},
		{"smoke --env-file /nowhere", "/nowhere"},
		{"smoke --env-file " + os.DevNull, "CLIENT_ID is not in /dev/null or the environment"},
		{"smoke --base-url blnk=http://localhost:1", "connection refused; name the addresses of the APIs with --base-url"},
		{"smoke --base-url other=http://x", baseURL},
		{"smoke --base-url conomy=", baseURL},
		{"smoke --base-url conomy=localhost:5010", baseURL},
		{"smoke --base-url conomy=http://x?", baseURL},
		{"smoke --base-url blnk=http://x/#a", baseURL},
		{"help nosuch", `unknown command "nosuch" for "cedula"; available:`},
		{"help clients nosuch", `unknown command "nosuch" for "cedula clients"; available: create`},
		{"help keys revoke more", `unexpected argument "more"`},
	} {
		s.wantError(t, strings.Split(tt.line, " "), tt.want)
	}
	if clients := s.mustRun(t, "clients list"); strings.Count(clients, "\n") != 4 {
		t.Errorf("clients list = %s, want the sandbox's and the 2 that were created", clients)
	}
	if keys := s.mustRun(t, "keys list "+id); strings.Count(keys, "\n") != 3 {
		t.Errorf("keys list = %s, want the client's 2", keys)
	}
}

func TestExitCodes(t *testing.T) {
	t.Setenv("CEDULA_DATA", startServer(t).folder)
	for line, want := range map[string]int{
		"clients nothing":                                           2,
		"clients list --unknown":                                    2,
		"clients create --name x":                                   2,
		"clients show absent":                                       1,
		"clients list --stack x":                                    2,
		"smoke --base-url other=x":                                  2,
		"keys create --use neither":                                 2,
		"clients create --name x --scope * --tenant a#b":            2,
		"clients create --name x --scope * --rate NaN --burst 1":    2,
		"keys create --client absent --use blnk --name \a":          2,
		"keys create --client absent --use blnk --expires-in 4166d": 1,
		"keys create --client absent --use blnk --expires-in 0":     2,
		"bootstrap --name x --mode odd":                             2,
		"bootstrap --name x":                                        1,
		"secrets rotate absent --overlap 8d":                        2,
		"secrets rotate absent":                                     1,
	} {
		var out bytes.Buffer
		if got := cli.Run(cli.New("cedula", "a registry", &cli.Local{}), strings.Fields(line), io.Discard, &out); got != want {
			t.Errorf("%s: exit status = %d (%s), want %d", line, got, out.String(), want)
		}
	}
}

func TestErrorsAsJSON(t *testing.T) {
	s := &server{folder: t.TempDir()}
	for line, want := range map[string]string{
		"clients create --json --name x": `{"error":"--scope is required; valid scopes: `,
		"clients list --bad --json":      `{"error":"unknown flag: --bad; see: cedula clients list --help","exitStatus":2}`,
		"clients list --json=true":       `{"error":"no local registry in `,
	} {
		s.wantError(t, strings.Split(line, " "), want)
	}
}

func TestDurationsHaveDays(t *testing.T) {
	s := startServer(t)
	for life, want := range map[string]string{"1d": "24h0m0s", "1d12h": "36h0m0s", "90d": "2160h0m0s", "90m": "1h30m0s", "0d2h": "2h0m0s"} {
		got := s.runJSON(t, "clients create --name shop --scope * --pending-life "+life)["pendingLife"]
		if got != want {
			t.Errorf("--pending-life %s: pendingLife = %v, want %s", life, got, want)
		}
	}
}

// TestTableWithoutAServer: a command needs the table for itself.
func TestTableWithoutAServer(t *testing.T) {
	s := &server{folder: t.TempDir()}
	if err := os.WriteFile(filepath.Join(s.folder, "secret"), make([]byte, 32), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := pebble.Open(filepath.Join(s.folder, "table"), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	s.wantError(t, []string{"clients", "list"}, "in use by another process; a server may be starting, or another command may be ending: try again")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	wantContains(t, s.mustRun(t, "bootstrap --name first"), "name            first", "scopes          *", "x-api-key")
	if err := os.WriteFile(filepath.Join(s.folder, "clock.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.wantError(t, []string{"expire"}, "clock.json is damaged")
	s.wantError(t, strings.Fields("bootstrap --name second"), "the registry has clients already; use `cedula clients create`")
}
