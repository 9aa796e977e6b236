// Package shared_test keeps the layout: which package may import which, and
// what may stand where. It parses the files itself, since a test that asks the
// go command is answered from a cache that has not seen them.
package shared_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "cedula/"

// imports says what of ours each package under shared/ may import, tests aside.
// Whoever adds a package or an import decides here which way it points.
var imports = map[string]string{
	"identity":          "",
	"merge":             "",
	"registry":          "identity merge ttlcache",
	"jobs":              "identity registry",
	"auth":              "strictjson ttlcache",
	"auth/kms":          "auth",
	"auth/federation":   "auth strictjson ttlcache",
	"strictjson":        "",
	"ttlcache":          "",
	"iddocument":        "",
	"iso":               "",
	"table":             "",
	"table/dynamo":      "table",
	"table/pebble":      "table",
	"table/tabletest":   "table",
	"table/faulttable":  "table",
	"store":             "table identity auth merge",
	"gateway":           "auth",
	"apidocs":           "",
	"rest":              "identity registry auth gateway strictjson",
	"conomy":            "rest identity registry auth gateway strictjson iddocument iso",
	"blnk":              "rest identity registry auth gateway strictjson",
	"boot":              "registry auth table table/dynamo store",
	"boot/tokens":       "auth auth/federation auth/kms boot",
	"boot/tokenization": "registry encryption encryption/kms boot",
	"messaging":         "identity",
	"messaging/ses":     "messaging",
	"messaging/sns":     "messaging",
	"boot/cleanup":      "boot boot/tokenization gateway jobs",
	"boot/delivery":     "boot gateway messaging messaging/ses messaging/sns identity store",
	"encryption":        "identity ttlcache",
	"encryption/kms":    "encryption",
}

// confined are imports that only some packages may have, by their start.
var confined = []struct{ path, packages, reason string }{
	{"github.com/aws/aws-sdk-go-v2", "shared/table/dynamo shared/auth/kms shared/encryption/kms shared/messaging/ses shared/messaging/sns shared/boot infra", "each client costs start-up time"},
	{"github.com/aws/aws-lambda-go", "shared/gateway functions/jobs infra", "events end at the gateway"},
	{"github.com/awslabs/", "shared/gateway infra", "events end at the gateway"},
	{"github.com/cockroachdb/pebble", "shared/table/pebble", "it has no place in a Lambda"},
	{"encoding/json", "infra", "it takes duplicate keys and names in the wrong case: use strictjson or go-json-experiment"},
	{"net/http", "shared/gateway shared/conomy shared/blnk shared/boot shared/auth/federation infra", "HTTP ends at the dialects; federation asks issuers for their keys"},
	{"os", "shared/boot shared/table/pebble infra", "the environment and the files are not theirs"},
}

// vague are names that say nothing of what is in a package.
var vague = []string{"util", "utils", "common", "helper", "helpers", "model", "models", "types", "misc", "base", "core"}

const maxLines = 400

// file is one Go file of ours, parsed.
type file struct {
	path, dir string // slash-separated, from the root
	lines     int
	*ast.File
}

func (f *file) test() bool { return strings.HasSuffix(f.path, "_test.go") }

func (f *file) imports() []string {
	var list []string
	for _, i := range f.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		list = append(list, p)
	}
	return list
}

// files parses all of ours. What is in testdata or hidden is none.
func files(t *testing.T) []*file {
	t.Helper()
	var all []*file
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(p string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && p != "." && (strings.HasPrefix(name, ".") || name == "testdata") {
			return fs.SkipDir
		}
		if entry.IsDir() || path.Ext(p) != ".go" {
			return nil
		}
		text, err := os.ReadFile(filepath.Join("..", p))
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), p, text, parser.ParseComments|parser.SkipObjectResolution)
		all = append(all, &file{p, path.Dir(p), strings.Count(string(text), "\n"), parsed})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestImports(t *testing.T) {
	for _, f := range files(t) {
		for _, imported := range f.imports() {
			if ours, ok := strings.CutPrefix(imported, module); ok && !mayImport(f, ours) {
				t.Errorf("%s may not import %s", f.path, ours)
			}
		}
		if ours, ok := strings.CutPrefix(f.dir, "shared/"); ok && !known(ours) {
			t.Errorf("%s: package %s is not in the table of imports", f.path, ours)
		}
	}
}

// testHelpers are the packages of infra that any test may import.
var testHelpers = []string{"infra/apitest", "infra/openapi", "infra/privacytest", "infra/testenv", "infra/invariants"}

func known(ours string) bool {
	_, ok := imports[ours]
	return ok
}

func mayImport(f *file, ours string) bool {
	layer, name, _ := strings.Cut(f.dir, "/")
	target, rest, _ := strings.Cut(ours, "/")
	switch {
	case layer == "infra":
		return true
	case f.test() && slices.Contains(testHelpers, ours):
		return true
	case target != "shared":
		return false // nothing else imports infra or functions
	case layer == "functions":
		return slices.Contains(functionImports(name), rest)
	case f.test():
		return known(rest)
	}
	return slices.Contains(strings.Fields(imports[name]), rest)
}

// functionImports are a function's: one dialect, never two.
func functionImports(name string) []string {
	list := []string{"boot", "boot/tokens", "boot/tokenization", "gateway", "auth", "apidocs"}
	group, operation, _ := strings.Cut(name, "/")
	switch group {
	case "conomy", "blnk":
		return append(list, group)
	case "authorizers":
		return append(list, operation)
	case "jobs":
		return append(list, "boot/delivery", "boot/cleanup")
	}
	return list
}

func TestConfinedImports(t *testing.T) {
	for _, f := range files(t) {
		if f.test() {
			continue
		}
		for _, c := range confined {
			for _, imported := range f.imports() {
				if within(imported, c.path) && !slices.ContainsFunc(strings.Fields(c.packages), func(p string) bool { return within(f.dir, p) }) {
					t.Errorf("%s may not import %s: %s", f.path, imported, c.reason)
				}
			}
		}
	}
}

// within tells whether p is the path or below it; a path that ends in a slash
// is a prefix.
func within(p, above string) bool {
	return p == above || strings.HasPrefix(p, strings.TrimSuffix(above, "/")+"/")
}

// Only boot and infra read the environment.
func TestEnvironment(t *testing.T) {
	readers := []string{"Getenv", "LookupEnv", "Environ", "ExpandEnv"}
	for _, f := range files(t) {
		if f.test() || within(f.dir, "shared/boot") || within(f.dir, "infra") {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if from, ok := s.X.(*ast.Ident); ok && (from.Name == "os" || from.Name == "syscall") && slices.Contains(readers, s.Sel.Name) {
				t.Errorf("%s reads the environment: only boot and infra may", f.path)
			}
			return true
		})
	}
}

// The core has no wire format: no struct of it carries tags.
func TestCoreHasNoTags(t *testing.T) {
	for _, f := range files(t) {
		if f.dir != "shared/identity" && f.dir != "shared/registry" && f.dir != "shared/jobs" {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if field, ok := n.(*ast.Field); ok && field.Tag != nil {
				t.Errorf("%s has a struct tag %s", f.path, field.Tag.Value)
			}
			return true
		})
	}
}

func TestPackages(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range files(t) {
		if name := strings.TrimSuffix(f.Name.Name, "_test"); slices.Contains(vague, name) {
			t.Errorf("%s: a package named %s says nothing", f.path, name)
		}
		if f.test() {
			continue
		}
		if f.lines > maxLines {
			t.Errorf("%s has %d lines, more than %d", f.path, f.lines, maxLines)
		}
		want := "Package " + f.Name.Name + " "
		if f.Name.Name == "main" {
			want = "Command "
		}
		documented[f.dir] = documented[f.dir] || strings.HasPrefix(f.Doc.Text(), want)
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s has no comment that says what it is for", dir)
		}
	}
}

// The top level is the customer's.
func TestTopLevel(t *testing.T) {
	allowed := strings.Fields("functions shared infra events template.yaml samconfig.toml go.mod go.sum Makefile README.md LICENSE")
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s does not belong at the top", e.Name())
		}
	}
}

// shared/ holds packages and this test.
func TestSharedHoldsPackages(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() && e.Name() != "layout_test.go" {
			t.Errorf("shared/%s is no package", e.Name())
		}
	}
}
