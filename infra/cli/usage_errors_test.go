package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cedula/shared/store"
	"cedula/shared/table/pebble"
)

// TestUsageErrors: each says what to do.
func TestUsageErrors(t *testing.T) {
	s := startServer(t)
	for _, tt := range []struct{ line, want string }{
		{"clients", "list"},
		{"clients nothing", `there is no "nothing" under "cedula clients"`},
		{"clients create", `required flag(s) "name" not set; see: cedula clients create --help`},
		{"clients create --name x", "--scope is needed"},
		{"clients create --name x --scope identity:reed", `--scope "identity:reed" is none; there are: * client:admin`},
		{"clients create --name x --scope * --mode odd", "--mode must be lenient or strict"},
		{"clients create --name x --scope * --stage odd", "--stage must be test or live"},
		{"clients create --name x --scope * --rate 5", "--rate needs a burst"},
		{"clients create --name x --scope * --tenant a#b", "--tenant must have up to 64 of the letters a to z and A to Z, digits"},
		{"clients show", "needs the client's id: cedula clients show CLIENT"},
		{"clients show nobody", "no such client or key"},
		{"keys list nobody", "no such client or key"},
		{"keys create --client x --use other", "--use must be conomy or blnk"},
		{"keys create --client 0000000000000000 --use blnk", "no such client or key"},
		{"keys rotate x", "no such client or key"},
		{"keys revoke", "needs the key's id"},
		{"secrets rotate nobody --overlap 200h", "--overlap must be between 0 and 168h"},
		{"secrets rotate x --overlap soon", `invalid argument "soon"`},
		{"clients list --data /nowhere", "make run"},
		{"smoke --base-url other=http://x", "--base-url must be conomy=URL or blnk=URL"},
		{"smoke --env-file /nowhere", "/nowhere"},
		{"smoke --base-url conomy=http://x?a=b", "--base-url must be conomy=URL or blnk=URL"},
		{"smoke --base-url conomy=http://x?", "--base-url must be conomy=URL or blnk=URL"},
		{"smoke --base-url blnk=http://x/#a", "--base-url must be conomy=URL or blnk=URL"},
		{"clients list --stack x --region us-east-1 --profile nobody", "--data is the folder of a local registry: leave it out with --stack"},
		{"help nosuch", `there is no "nosuch" under "cedula", but:`},
		{"help clients nosuch", `there is no "nosuch" under "cedula clients", but: create`},
		{"help keys revoke more", `"more" is one word too many`},
		{"help clients", "Make, list, show and suspend clients"},
		{"help", "Manages the clients of a registry"},
		{"clients list more", `"more" is one word too many`},
	} {
		if out, _ := s.run(strings.Fields(tt.line)...); !strings.Contains(out, tt.want) {
			t.Errorf("%s: %s\nwant %s", tt.line, out, tt.want)
		}
	}
}

// TestUnknownProfile: AWS says so.
func TestUnknownProfile(t *testing.T) {
	out, err := new(server).run("clients", "list", "--stack", "x", "--region", "us-east-1", "--profile", "nobody")
	if err == nil || !strings.Contains(out, "profile") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestLockedTable: two commands at the same instant without a server.
func TestLockedTable(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "secret"), make([]byte, 32), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := pebble.Open(filepath.Join(folder, "table"), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	out, err := (&server{folder: folder}).run("clients", "list")
	if err == nil || !strings.Contains(out, "in use by another process; it may be a command that ends, or a server that starts: try again") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestInvalidValuesAreRejected: what cannot be meant is refused, with what to say instead, and
// nothing is made.
func TestInvalidValuesAreRejected(t *testing.T) {
	s := startServer(t)
	id := s.runJSON(t, "clients", "create", "--name", "shop", "--scope", "*")["id"].(string)
	client := []string{"clients", "create", "--name", "x", "--scope", "*"}
	key := []string{"keys", "create", "--client", id, "--use", "blnk"}
	seeker := s.runJSON(t, "clients", "create", "--name", "seeker", "--scope", "identity:search")["id"].(string)
	narrow := []string{"keys", "create", "--client", seeker, "--use", "conomy"}
	long := strings.Repeat("a", 3000)
	const life, limits = "--expires-in must be at least 1s", "must be 0 or from"
	for _, tt := range []struct {
		command []string
		more    []string
		want    string
	}{
		{key, []string{"--expires-in", "-1h"}, life},
		{key, []string{"--expires-in", "0s"}, life},
		{key, []string{"--expires-in", "0"}, life},
		{key, []string{"--expires-in", "1ns"}, life},
		{key, []string{"--expires-in", "1h", "--expires-in", "0"}, life},
		{key, []string{"--expires-in", ""}, "--expires-in"},
		{key, []string{"--expires-in", "9999999h"}, "--expires-in"},
		{key, []string{"--name", ""}, "--name is blank"},
		{key, []string{"--name", "  "}, "--name is blank"},
		{key, []string{"--scope", ""}, "--scope is blank"},
		{narrow, []string{"--scope", "identity:write"}, "--scope identity:write is more than the client may do: identity:search"},
		{narrow, []string{"--scope", "identity:search", "--scope", "key:read"}, "--scope key:read is more than the client may do: identity:search"},
		{client, []string{"--rate", "NaN", "--burst", "1"}, "--rate " + limits},
		{client, []string{"--rate", "Inf", "--burst", "1"}, "--rate " + limits},
		{client, []string{"--rate", "-Inf", "--burst", "1"}, "--rate " + limits},
		{client, []string{"--rate", "-1", "--burst", "1"}, "--rate " + limits},
		{client, []string{"--rate", "1e-9", "--burst", "1"}, "--rate " + limits},
		{client, []string{"--rate", "1e300", "--burst", "1"}, "--rate " + limits},
		{client, []string{"--rate", "1", "--burst", "-1"}, "--burst " + limits},
		{client, []string{"--rate", "1", "--burst", "2147483648"}, "--burst " + limits},
		{client, []string{"--quota", "-1"}, "--quota " + limits},
		{client, []string{"--quota", "2147483648"}, "--quota " + limits},
		{client, []string{"--quota", "99999999999999999999"}, "--quota"},
		{client, []string{"--rate", "1"}, "--rate needs a burst"},
		{client, []string{"--burst", "5"}, "--burst needs a rate"},
		{client, []string{"--name", ""}, "--name is blank"},
		{client, []string{"--name", " \t "}, "--name is blank"},
		{client, []string{"--name", "\u3000"}, "--name is blank"},
		{client, []string{"--tenant", ""}, "--tenant is blank"},
		{client, []string{"--stack", ""}, "--stack is blank"},
		{[]string{"bootstrap"}, []string{"--name", " "}, "--name is blank"},
		{[]string{"clients", "list"}, []string{"--region", "us-east-1"}, "--region needs --stack"},
		{[]string{"clients", "list"}, []string{"--profile", "work"}, "--profile needs --stack"},
		{[]string{"smoke"}, []string{"--base-url", "conomy="}, "--base-url must be conomy=URL or blnk=URL"},
		{[]string{"smoke"}, []string{"--base-url", "conomy=localhost:5010"}, "--base-url must be conomy=URL or blnk=URL"},
		{[]string{"smoke"}, []string{"--base-url", "conomy=ftp://x"}, "--base-url must be conomy=URL or blnk=URL"},
		{[]string{"clients", "show"}, []string{long}, "no such client or key"},
		{[]string{"clients", "suspend"}, []string{long}, "no such client or key"},
		{[]string{"keys", "list"}, []string{long}, "no such client or key"},
		{[]string{"keys", "revoke"}, []string{long}, "no such client or key"},
		{[]string{"keys", "create", "--use", "blnk"}, []string{"--client", long}, "no such client or key"},
		{[]string{"keys", "create", "--use", "blnk"}, []string{"--client", ""}, "--client is blank; give it a value"},
		{[]string{"secrets", "rotate"}, []string{long}, "no such client or key"},
		{key, []string{"--name", "a\nb"}, "--name must have"},
		{[]string{"clients", "show"}, []string{""}, "needs the client's id"},
		{[]string{"keys", "list"}, []string{" "}, "needs the client's id"},
	} {
		line := append(append([]string{}, tt.command...), tt.more...)
		if out, err := s.run(line...); err == nil || !strings.Contains(out, tt.want) || strings.Contains(out, "\n") {
			t.Errorf("%q: %s\nwant %s", line, out, tt.want)
		}
	}
	all, _ := s.run("clients", "list")
	keys, _ := s.run("keys", "list", id)
	if strings.Count(all, "\n") != 4 || strings.Count(keys, "\n") != 3 {
		t.Errorf("something was made:\n%s%s", all, keys)
	}
}
