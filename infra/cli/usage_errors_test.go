package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cedula/shared/store"
	"cedula/shared/table/pebble"
)

func TestHelp(t *testing.T) {
	for line, want := range map[string]string{
		"clients":      "suspend",
		"help":         "Manage the clients of a registry",
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
		{"clients list --data /nowhere", "make run"},
		{"clients list --stack x --region us-east-1 --profile absent", "--data is the directory of a local registry and cannot be used with --stack"},
		{"clients list --region us-east-1", "--region requires --stack"},
		{"clients list --profile work", "--profile requires --stack"},
		{"clients show", "the client's id is required: cedula clients show CLIENT"},
		{"clients show ", "the client's id is required"},
		{"clients show absent", "no such client or key"},
		{"clients show " + long, "no such client or key"},
		{"clients create", `required flag(s) "name" not set; see: cedula clients create --help`},
		{"clients create --name x", "--scope is required"},
		{"clients create --name x --scope identity:reed", `unknown scope "identity:reed"; valid scopes: * client:admin`},
		{client + "--mode odd", "--mode must be lenient or strict"},
		{client + "--stage odd", "--stage must be test or live"},
		{client + "--stack ", "--stack is empty"},
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
		{client + "--pending-life 1m", "--pending-life must be between 1h and 2160h"},
		{"keys list \t", "the client's id is required"},
		{"keys revoke", "the key's id is required"},
		{"keys rotate x", "no such client or key"},
		{"keys create --client 0000000000000000 --use blnk", "no such client or key"},
		{"keys create --client x --use other", "--use must be conomy or blnk"},
		{"keys create --use blnk --client ", "--client is empty; give it a value"},
		{key + "--expires-in 0", ttl},
		{key + "--expires-in 9999999h", "--expires-in"},
		{key + "--name \t", "--name is empty"},
		{key + "--name a\nb", "--name must have"},
		{key + "--name \xff", "--name must have"},
		{key + "--scope ", "--scope is empty"},
		{narrow + "--scope identity:write", "--scope identity:write is not one of the client's scopes: identity:search"},
		{narrow + "--scope identity:search --scope key:read", "--scope key:read is not one of the client's scopes: identity:search"},
		{"secrets rotate absent --overlap 200h", "--overlap must be between 0 and 168h"},
		{"secrets rotate x --overlap soon", `invalid argument "soon"`},
		{"smoke --env-file /nowhere", "/nowhere"},
		{"smoke --env-file " + os.DevNull, "CLIENT_ID is not set"},
		{"smoke --base-url blnk=http://localhost:1", "connection refused"},
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
	t.Setenv("AWS_REGION", "")
	for line, want := range map[string]int{
		"clients nothing":                                             2,
		"clients list --unknown":                                      2,
		"clients create --name x":                                     2,
		"clients show absent":                                         1,
		"clients list --stack x":                                      1,
		"smoke --base-url other=x":                                    2,
		"keys create --use neither":                                   2,
		"clients create --name x --scope * --tenant a#b":              2,
		"clients create --name x --scope * --rate NaN --burst 1":      2,
		"keys create --client absent --use blnk --name \a":            2,
		"keys create --client absent --use blnk --expires-in 999999h": 1,
		"keys create --client absent --use blnk --expires-in 0":       2,
		"bootstrap --name x --mode odd":                               2,
		"bootstrap --name x":                                          1,
		"secrets rotate absent --overlap 200h":                        2,
		"secrets rotate absent":                                       1,
	} {
		root := newRoot(io.Discard)
		root.SetArgs(strings.Fields(line))
		if err := root.Execute(); exitCode(err) != want {
			t.Errorf("%s: exit code = %d (%v), want %d", line, exitCode(err), err, want)
		}
	}
}

func TestStackWithoutConfiguration(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"CLIENT_ID": "x", "CLIENT_SECRET": "x", "CONOMY_KEY": "x", "BLNK_KEY": "x",
	} {
		t.Setenv(name, value)
	}
	for line, want := range map[string]string{
		"clients list --stack x": "no AWS region; set it with --region",
		"clients list --stack x --region us-east-1 --profile absent": "no AWS configuration: ",
		"smoke --stack x": "no AWS region; set it with --region",
	} {
		new(server).wantError(t, strings.Fields(line), want)
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
	s.wantError(t, strings.Fields("bootstrap --name second"), "the registry has 1 clients; use `cedula clients create`")
}
