package local

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cedula/infra/testenv"
	"cedula/shared/identity"
)

// example is a block of commands in a page, and the output that the page shows below it.
type example struct{ commands, output string }

var exampleBlock = regexp.MustCompile("(?s)<!-- run -->\n```sh\n(.*?)```\n(?:\n```json\n(.*?)```)?")

// readExamples returns the examples of a page that are marked <!-- run -->.
func readExamples(t *testing.T, page string) []example {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", page))
	if err != nil {
		t.Fatal(err)
	}
	var all []example
	for _, m := range exampleBlock.FindAllStringSubmatch(string(text), -1) {
		all = append(all, example{commands: m[1], output: m[2]})
	}
	if len(all) == 0 {
		t.Fatalf("%s has no block marked <!-- run -->", page)
	}
	return all
}

// startDefault starts the server on its default ports, which the pages name.
func startDefault(t *testing.T, folder string) *server {
	t.Helper()
	return startServer(t, folder, "--conomy", "localhost:5010", "--blnk", "localhost:5001", "--mailbox", "localhost:5012")
}

const endOfExample = "=== end of example ==="

// runExamples pastes the examples into one shell and returns the output of each.
func runExamples(t *testing.T, folder string, shell []string, examples []example) []string {
	t.Helper()
	var script strings.Builder
	for _, e := range examples {
		fmt.Fprintf(&script, "%s\necho; echo '%s'\n", e.commands, endOfExample)
	}
	var problems strings.Builder
	c := exec.Command(shell[0], shell[1:]...)
	c.Dir, c.Stdin, c.Stderr = folder, strings.NewReader(script.String()), &problems
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", shell, err, out, problems.String())
	}
	if complaint := regexp.MustCompile(`(?m)^\w*sh: .*|.*(not found|no matches|parse error).*`).FindString(problems.String()); complaint != "" {
		t.Errorf("%v complains: %s", shell, complaint)
	}
	outputs := strings.Split(string(out), endOfExample+"\n")
	if len(outputs) != len(examples)+1 {
		t.Fatalf("%v ended early: %s\n%s", shell, out, problems.String())
	}
	return outputs[:len(examples)]
}

var generatedID = regexp.MustCompile(`idt_[0-9a-f-]{36}|\b[0-9a-f]{24}\b`)

// wantShown fails if an output is not what the page shows. In the page … matches any text, and ids may differ.
func wantShown(t *testing.T, got, shown string) {
	t.Helper()
	rest := generatedID.ReplaceAllString(got, "<id>")
	for part := range strings.SplitSeq(generatedID.ReplaceAllString(shown, "<id>"), "…") {
		_, after, found := strings.Cut(rest, strings.TrimSpace(part))
		if !found {
			t.Errorf("output = %s\nwant %q of what the page shows: %s", got, strings.TrimSpace(part), shown)
			return
		}
		rest = after
	}
}

// TestReadmeExamples pastes the README's quick start into bash and into a zsh without settings, in which a # does
// not begin a comment, as on macOS. All but the verification can be pasted again.
func TestReadmeExamples(t *testing.T) {
	testenv.Need(t, testenv.DynamoDB)
	examples := readExamples(t, "README.md")
	for _, shell := range [][]string{{"bash", "-eu", "-o", "pipefail"}, {"zsh", "-f", "-i"}} {
		t.Run(shell[0], func(t *testing.T) {
			home := t.TempDir()
			s := startDefault(t, filepath.Join(home, ".cedula"))
			for n, out := range runExamples(t, home, shell, examples) {
				wantShown(t, out, examples[n].output)
			}
			again := examples[:len(examples)-1] // without the code, which can be used once
			for n, out := range runExamples(t, home, shell, again) {
				wantShown(t, out, again[n].output)
			}
			banner := s.out.String()
			out := runExamples(t, home, shell, []example{{commands: banner[strings.Index(banner, "TOKEN="):]}})[0]
			wantContains(t, out, `"documentNumber":"11111111-1"`, `"first_name":"Alice"`)
		})
	}
}

// TestOperationsExamples runs the commands of infra/docs/operations.md while a server runs.
func TestOperationsExamples(t *testing.T) {
	testenv.Need(t, testenv.DynamoDB)
	folder := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(folder, ".build", "cedula"), "../cedula").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, shell := range [][]string{{"bash", "-eu", "-o", "pipefail"}, {"zsh", "-f", "-i"}} {
		t.Run(shell[0], func(t *testing.T) {
			data := filepath.Join(t.TempDir(), ".cedula")
			startDefault(t, data)
			t.Setenv("CEDULA_DATA", data)
			out := strings.Join(runExamples(t, folder, shell, readExamples(t, "infra/docs/operations.md")), "")
			wantContains(t, out, `"ahead":"192h0m0s"`, "client secret", "X-blnk-key", "shop", "sandbox")
			if strings.Count(out, "ok ") != 9 || strings.Contains(out, "FAILED") {
				t.Errorf("smoke = %s, want 9 calls that are ok", out)
			}
		})
	}
}

// TestDocumentedTransitions compares the table of infra/docs/design.md and the README's diagram with the core's table.
func TestDocumentedTransitions(t *testing.T) {
	design, err := os.ReadFile("../docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(design), "<!-- transitions -->\n| from | to |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	if got, want := strings.Count(table, "\n"), len(identity.Transitions); got != want {
		t.Errorf("design.md has %d rows of transitions, want %d", got, want)
	}
	edges := map[string]bool{}
	for from, next := range identity.Transitions {
		var to []string
		for _, status := range next {
			to = append(to, string(status))
			edges[string(from)+" --> "+string(status)] = true
		}
		if want := fmt.Sprintf("| %s | %s |", from, strings.Join(to, ", ")); !strings.Contains(table, want) {
			t.Errorf("transitions in design.md =\n%s\nwant the row %s", table, want)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^  ([A-Z_]+ --> [A-Z_]+)`).FindAllStringSubmatch(string(readme), -1) {
		if !edges[m[1]] {
			t.Errorf("the README shows the transition %s, want one of identity.Transitions", m[1])
		}
	}
}
