// Package docs_test checks the language of everything that people read: comments, messages, documents and commits.
package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// unidiomatic lists phrases that this project used to contain, with what to write instead.
var unidiomatic = []struct{ phrase, instead string }{
	{`(is|are) (no|none) (identity|client|key|text|number|object|array|date|document|list|page|code|email|phone|path|name|[a-z]+able)\b`, `"is not a valid ..." or "does not exist"`},
	{`\bis none\b`, `"is not a valid ..."`},
	{`\bnone that\b`, `"not one that"`},
	{`(^|// |\. )Who(ever)? `, `name the actor: "A client that ..."`},
	{`\b(nobody|somebody|whoever)\b`, `name the actor: "no client", "another process"`},
	{`\banew\b`, `"again"`},
	{`\bfor ever\b`, `"without an expiry date", "indefinitely"`},
	{`\btells whether\b`, `"reports whether"`},
	{`\bstands? (in|at|beside)\b`, `"is in", "is next to"`},
	{`\b[Ll]aps(e|es|ed|ing)\b`, `"expire"`},
	{`\bis to be\b`, `"must be", "will be"`},
	{`\b[Ll]ikewise\b`, `say it`},
	{`\bpass(ed|es)? over\b`, `"ignored"`},
	{`\b(has|have) not\b( (a|an|the|any|its)\b|[.,;:])`, `"does not have"`},
}

// allowed are files, or parts of lines, that may contain such a phrase, and why.
var allowed = map[string]string{
	"infra/docs/prose_test.go":   "the list itself",
	"shared/messaging/templates": "messages to people, in three languages",
	"Share it with nobody":       "the usual words of such a message",
	"there is none":              "idiomatic",
	"There is none":              "idiomatic",
	"\"nobody":                   "the id of an identity that does not exist, in requests of golden files",
	"=nobody":                    "the same",
	",nobody,":                   "the same",
}

func isAllowed(file, line string) bool {
	for part := range allowed {
		if strings.HasPrefix(file, part) || strings.Contains(line, part) {
			return true
		}
	}
	return false
}

// proseFiles returns the files whose text people read.
func proseFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") && name != ".." && name != "." && name != ".ci") {
			return filepath.SkipDir
		}
		switch filepath.Ext(name) {
		case ".go", ".md", ".yaml", ".html", ".sh", ".toml", ".mjs", ".py", ".guard":
			files = append(files, path)
		default:
			if name == "Makefile" || path == filepath.Join(root, ".ci", "run") {
				files = append(files, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 500 {
		t.Fatalf("files = %d, want the whole repository", len(files))
	}
	return files
}

func TestProseIsIdiomatic(t *testing.T) {
	var patterns []*regexp.Regexp
	for _, u := range unidiomatic {
		patterns = append(patterns, regexp.MustCompile(u.phrase))
	}
	for _, path := range proseFiles(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))
		for n, line := range strings.Split(string(text), "\n") {
			for i, p := range patterns {
				if found := p.FindString(line); found != "" && !isAllowed(file, line) {
					t.Errorf("%s:%d: %q, want %s", file, n+1, found, unidiomatic[i].instead)
				}
			}
		}
	}
}

// TestCommitSubjects checks the commits since the rule exists.
func TestCommitSubjects(t *testing.T) {
	log, err := exec.CommandContext(t.Context(), "git", "-C", root, "log", "--since=2026-12-01", "--no-merges", "--format=%s").Output()
	if err != nil {
		t.Skipf("no history to check: %v", err)
	}
	form := regexp.MustCompile(`^[a-z][a-z0-9/_., -]*: [a-z0-9].*[^.]$`)
	for subject := range strings.Lines(string(log)) {
		subject = strings.TrimSpace(subject)
		if strings.HasPrefix(subject, "Revert ") {
			continue
		}
		if len(subject) > 72 || !form.MatchString(subject) {
			t.Errorf("commit subject %q, want \"package: imperative summary\" of at most 72 characters", subject)
		}
	}
}

func TestReadmeIsShort(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	prose := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(string(text), "")
	if words := len(strings.Fields(prose)); words > 900 {
		t.Errorf("README.md has %d words outside code blocks, want at most 900: move some to infra/docs", words)
	}
}

// TestLinksLeadToFiles checks the relative links of all pages.
func TestLinksLeadToFiles(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	for _, path := range proseFiles(t) {
		if filepath.Ext(path) != ".md" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s links to %s, want a file that exists", path, m[1])
			}
		}
	}
}
