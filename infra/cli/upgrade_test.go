package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cedula/infra/testenv"
)

// goIn runs the go command in a folder.
func goIn(t *testing.T, folder string, arguments ...string) {
	t.Helper()
	cmd := exec.Command("go", arguments...)
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
}

// releases returns the commits of the releases in the changelog, the newest first.
func releases(t *testing.T) (commits []string) {
	t.Helper()
	changelog, err := os.ReadFile("../docs/changelog.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`Commit: ([0-9a-f]{12})`).FindAllSubmatch(changelog, -1) {
		commits = append(commits, string(found[1]))
	}
	if commits == nil {
		t.Fatal("the changelog names no commit")
	}
	return commits
}

// buildRelease builds the program from the commit of a release.
func buildRelease(t *testing.T, commit string) string {
	t.Helper()
	source := t.TempDir()
	archive := exec.Command("git", "archive", commit)
	archive.Dir = filepath.Join("..", "..")
	extract := exec.Command("tar", "-x", "-C", source)
	extract.Stdin, _ = archive.StdoutPipe()
	if err := extract.Start(); err != nil {
		t.Fatal(err)
	}
	if err := archive.Run(); err != nil {
		t.Fatalf("commit %s of a release is not in this clone: %v", commit, err)
	}
	if err := extract.Wait(); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(source, "cedula-old")
	goIn(t, source, "build", "-o", program, "./infra/cedula")
	return program
}

func buildCurrent(t *testing.T, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "cedula")
	goIn(t, ".", append(append([]string{"build"}, flags...), "-o", program, "../cedula")...)
	return program
}

// overlay returns the flag that builds a file of this program with replacements.
func overlay(t *testing.T, file string, oldNew ...string) string {
	t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(oldNew); n += 2 {
		if !bytes.Contains(source, []byte(oldNew[n])) {
			t.Fatalf("%s does not contain %s", file, oldNew[n])
		}
		source = bytes.Replace(source, []byte(oldNew[n]), []byte(oldNew[n+1]), 1)
	}
	folder := t.TempDir()
	changed, list := filepath.Join(folder, "changed.go"), filepath.Join(folder, "overlay.json")
	content, _ := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err := os.WriteFile(changed, source, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return "-overlay=" + list
}

// call sends a request to the Conomy API, or to the Blnk API if the path begins with blnk, and returns the decoded response.
func (s *server) call(t *testing.T, want int, method, path, body string) any {
	t.Helper()
	return s.callWithKey(t, want, "", method, path, body)
}

// callWithKey is call with an idempotency key.
func (s *server) callWithKey(t *testing.T, want int, key, method, path, body string) any {
	t.Helper()
	env, err := os.ReadFile(filepath.Join(s.folder, "sandbox.env"))
	if err != nil {
		t.Fatal(err)
	}
	setting := func(name string) string {
		return string(regexp.MustCompile(name + `=['"]?([^'"\s]*)`).FindSubmatch(env)[1])
	}
	url, isBlnk := strings.CutPrefix(path, "blnk")
	base := s.conomy
	if isBlnk {
		base = s.blnk
	}
	r, err := http.NewRequest(method, base+url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Blnk-Key", setting("BLNK_KEY"))
	r.Header.Set("X-Api-Key", setting("CONOMY_KEY"))
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	if !isBlnk && path != "/auth" {
		login := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, setting("CLIENT_ID"), setting("CLIENT_SECRET"))
		token, _ := s.call(t, 200, "POST", "/auth", login).(map[string]any)
		r.Header.Set("Authorization", fmt.Sprint("Bearer ", token["accessToken"]))
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	text, _ := io.ReadAll(got.Body)
	if got.StatusCode != want {
		t.Fatalf("%s %s = %d %s, want %d", method, path, got.StatusCode, text, want)
	}
	var v any
	_ = json.Unmarshal(text, &v)
	return v
}

// newInResponses are the fields whose values depend on the release.
var newInResponses = regexp.MustCompile(`"(test|warnings|documentCheck|documentCheckReason)":[^,}]*,?`)

// snapshot reads all that the APIs show of identities.
func (s *server) snapshot(t *testing.T, ids []string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, id := range ids {
		for _, path := range []string{"/identities/" + id, "blnk/identities/" + id, "/identities/" + id + "/withdrawal-accounts", "/identities/" + id + "/permissions"} {
			text, _ := json.Marshal(s.call(t, 200, "GET", path, ""))
			all[path] = newInResponses.ReplaceAllString(string(text), "")
		}
	}
	return all
}

// createSome creates identities with everything that belongs to one, and returns their ids.
func (s *server) createSome(t *testing.T, turn int) []string {
	t.Helper()
	create := func(kind string, n int) string {
		body := fmt.Sprintf(`{"type":%q,"name":"Ana","email":"a%d@example.com","phone":"+569123456%02d","documentType":"PASSPORT","documentNumber":"AB%d","idv":"i","country":"CHL",`+
			`"status":"PENDING","metadata":{"n":%d.50},"address":{"street":"Uno","country":"CHL"}}`, kind, n, n, 10_000+n, n)
		created, _ := s.call(t, 200, "POST", "/identities", body).(map[string]any)
		return fmt.Sprint(created["id"])
	}
	a, b := create("USER", 2*turn), create("ORGANIZATION", 2*turn+1)
	s.call(t, 201, "POST", "/identities/"+a+"/verifications", `{"channel":"email"}`)
	s.call(t, 200, "POST", "/identities/"+a+"/verifications/email/confirm", `{"code":"000000"}`)
	s.call(t, 200, "POST", "/identities/"+a+"/hold", `{"reason":"waits"}`)
	s.call(t, 200, "POST", "blnk/identities/"+a+"/tokenize", `{"fields":["FirstName","PhoneNumber"]}`)
	s.call(t, 200, "POST", "/identities/"+b+"/children", `{"children":["`+a+`"]}`)
	s.call(t, 201, "POST", "/identities/"+b+"/permissions", `[{"resource":"IDENTITY","reference":"`+a+`","permissions":["read"]}]`)
	s.call(t, 201, "POST", "/identities/"+b+"/withdrawal-accounts", `{"accountNumber":"1","bank":"B","currency":"CLP","accountType":"SAVINGS","accountHolder":"Ana","accountHolderDni":"1-9","country":"CHL"}`)
	return []string{a, b}
}

// TestUpgradeAndRollBack lets each earlier release and this one serve one data directory in turns, which end with a shutdown or
// a kill. Each shows what the other left, and changes it.
func TestUpgradeAndRollBack(t *testing.T) {
	testenv.Need(t, testenv.Soak)
	current := buildCurrent(t)
	for _, commit := range releases(t) {
		t.Run(commit, func(t *testing.T) { takeTurns(t, buildRelease(t, commit), current) })
	}
}

func takeTurns(t *testing.T, programs ...string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "data")
	var ids []string
	var before map[string]string
	for turn := range 8 {
		s := startProgram(t, programs[turn%2], folder)
		if diff := cmp.Diff(before, s.snapshot(t, ids)); before != nil && diff != "" {
			t.Fatalf("turn %d: identities as the other release left them (-want +got):\n%s", turn, diff)
		}
		ids = append(ids, s.createSome(t, turn)...)
		for _, id := range ids {
			s.call(t, 200, "PATCH", "/identities/"+id, fmt.Sprintf(`{"nickname":"turn %d"}`, turn))
			s.call(t, 200, "POST", "blnk/"+id+"/metadata", fmt.Sprintf(`{"meta_data":{"turn":%d}}`, turn))
		}
		before = s.snapshot(t, ids)
		if turn/2%2 == 1 {
			_ = s.process.Process.Signal(syscall.SIGKILL)
		}
		s.stop()
	}
}

// TestNewerMembersSurvive lets this release change what a build wrote whose record has one more member. That build refuses an
// identity without the member.
func TestNewerMembersSurvive(t *testing.T) {
	testenv.Need(t, testenv.Soak)
	newer := buildCurrent(t, overlay(t, "../../shared/store/record.go",
		"type identityRecord struct {\n", "type identityRecord struct {\n\tNewer string `json:\"newer,omitzero\"`\n",
		"return &identityRecord{\n", "return &identityRecord{\nNewer: \"kept\",\n",
		"toIdentity(tenant string) identity.Identity {\n", "toIdentity(tenant string) identity.Identity {\n\tif r.ID != \"\" && r.Newer == \"\" {\n\t\tpanic(\"lost\")\n\t}\n",
	))
	current := buildCurrent(t)
	folder := filepath.Join(t.TempDir(), "data")
	s := startProgram(t, newer, folder)
	ids := s.createSome(t, 0)
	s.stop()
	s = startProgram(t, current, folder)
	for _, id := range ids {
		s.call(t, 200, "PATCH", "/identities/"+id, `{"nickname":"changed"}`)
	}
	s.stop()
	s = startProgram(t, newer, folder)
	s.snapshot(t, ids)
	s.stop()
}

// TestKillAfterTokenization: nothing is left to do after the response to a tokenization. A server that is killed then shows no
// value in a replay when it serves the directory again.
func TestKillAfterTokenization(t *testing.T) {
	program := buildCurrent(t)
	folder := filepath.Join(t.TempDir(), "data")
	s := startProgram(t, program, folder)
	create := func() string {
		return fmt.Sprint(s.callWithKey(t, 201, "k1", "POST", "blnk/identities", `{"identity_type":"individual","first_name":"Clearvalue"}`))
	}
	first := create()
	id := regexp.MustCompile(`idt_[0-9a-f-]+`).FindString(first)
	s.call(t, 200, "POST", "blnk/identities/"+id+"/tokenize", `{"fields":["FirstName"]}`)
	_ = s.process.Process.Signal(syscall.SIGKILL)
	s.stop()
	s = startProgram(t, program, folder)
	if again := create(); !strings.Contains(first, "Clearvalue") || strings.Contains(again, "Clearvalue") || !strings.Contains(again, id) {
		t.Errorf("the replay after the kill shows %s, want %s without the value", again, id)
	}
	s.stop()
}
