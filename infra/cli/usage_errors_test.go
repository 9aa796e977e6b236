package main

import (
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
		"help":         "Manages the clients of a registry",
		"help clients": "Make, list, show and suspend clients",
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
		{"clients nothing", `there is no "nothing" under "cedula clients"`},
		{"clients list more", `"more" is one word too many`},
		{"clients list --data /nowhere", "make run"},
		{"clients list --stack x --region us-east-1 --profile absent", "--data is the folder of a local registry: leave it out with --stack"},
		{"clients list --region us-east-1", "--region needs --stack"},
		{"clients list --profile work", "--profile needs --stack"},
		{"clients show", "needs the client's id: cedula clients show CLIENT"},
		{"clients show ", "needs the client's id"},
		{"clients show absent", "no such client or key"},
		{"clients show " + long, "no such client or key"},
		{"clients create", `required flag(s) "name" not set; see: cedula clients create --help`},
		{"clients create --name x", "--scope is needed"},
		{"clients create --name x --scope identity:reed", `unknown scope "identity:reed"; valid scopes: * client:admin`},
		{client + "--mode odd", "--mode must be lenient or strict"},
		{client + "--stage odd", "--stage must be test or live"},
		{client + "--stack ", "--stack is blank"},
		{client + "--name ", "--name is blank; give it a value"},
		{client + "--name \u3000", "--name is blank"},
		{client + "--name \xff", "--name must have at most 128 bytes of printable text"},
		{client + "--tenant ", "--tenant is blank; give it a value, or leave it out"},
		{client + "--tenant a#b", "--tenant must have up to 64 of the letters a to z and A to Z, digits"},
		{client + "--rate 1", "--rate requires burst"},
		{client + "--rate NaN --burst 1", "--rate " + limits},
		{client + "--rate 1 --burst -1", "--burst " + limits},
		{client + "--quota 99999999999999999999", "--quota"},
		{client + "--steps screening", "--steps or --pending-life: "},
		{client + "--pending-life 1m", "must be"},
		{"keys list \t", "needs the client's id"},
		{"keys revoke", "needs the key's id"},
		{"keys rotate x", "no such client or key"},
		{"keys create --client 0000000000000000 --use blnk", "no such client or key"},
		{"keys create --client x --use other", "--use must be conomy or blnk"},
		{"keys create --use blnk --client ", "--client is blank; give it a value"},
		{key + "--expires-in 0", ttl},
		{key + "--expires-in 9999999h", "--expires-in"},
		{key + "--name \t", "--name is blank"},
		{key + "--name a\nb", "--name must have"},
		{key + "--name \xff", "--name must have"},
		{key + "--scope ", "--scope is blank"},
		{narrow + "--scope identity:write", "--scope identity:write is more than the client may do: identity:search"},
		{narrow + "--scope identity:search --scope key:read", "--scope key:read is more than the client may do: identity:search"},
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
		{"help nosuch", `there is no "nosuch" under "cedula", but:`},
		{"help clients nosuch", `there is no "nosuch" under "cedula clients", but: create`},
		{"help keys revoke more", `"more" is one word too many`},
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

func TestStackWithoutConfiguration(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"CLIENT_ID": "x", "CLIENT_SECRET": "x", "CONOMY_KEY": "x", "BLNK_KEY": "x",
	} {
		t.Setenv(name, value)
	}
	for line, want := range map[string]string{
		"clients list --stack x": "no AWS region; say it with --region",
		"clients list --stack x --region us-east-1 --profile absent": "no AWS configuration: ",
		"smoke --stack x": "no AWS region; say it with --region",
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
	s.wantError(t, []string{"clients", "list"}, "in use by another process; it may be a command that ends, or a server that starts: try again")
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
