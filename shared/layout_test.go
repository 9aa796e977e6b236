// Package shared_test checks the layout: which package may import which, and what each folder may contain. It parses the
// files itself, because go test caches the result of a test that asks the go command.
package shared_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "cedula/"

// imports lists the packages of this module that each package under shared/ may import, except in tests.
var imports = map[string]string{
	"visible":           "",
	"identity":          "iddocument visible",
	"merge":             "",
	"registry":          "identity merge ttlcache",
	"jobs":              "identity registry",
	"auth":              "strictjson ttlcache visible",
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
	"conomy":            "rest identity registry auth gateway strictjson iddocument iso visible",
	"blnk":              "rest identity registry auth gateway strictjson visible",
	"boot":              "identity registry auth table table/dynamo store",
	"boot/conomy":       "conomy boot gateway registry",
	"boot/blnk":         "blnk boot gateway registry",
	"boot/tokens":       "auth auth/federation auth/kms boot",
	"boot/tokenization": "registry encryption encryption/kms boot",
	"messaging":         "identity",
	"messaging/amazon":  "messaging",
	"boot/cleanup":      "boot boot/tokenization gateway jobs",
	"boot/delivery":     "boot gateway messaging messaging/amazon identity store",
	"encryption":        "identity ttlcache",
	"encryption/kms":    "encryption",
}

// confined lists imports, by their start, that only some packages may have, except in tests.
var confined = []struct{ path, packages, reason string }{
	{"github.com/aws/aws-sdk-go-v2", "shared/table/dynamo shared/auth/kms shared/encryption/kms shared/messaging/amazon shared/boot infra", "each client costs start-up time"},
	{"github.com/aws/aws-lambda-go", "shared/gateway functions/jobs infra", "events end at the gateway"},
	{"github.com/awslabs/", "shared/gateway infra", "events end at the gateway"},
	{"github.com/cockroachdb/pebble/v2", "shared/table/pebble", "it has no place in a Lambda"},
	{"encoding/json", "infra", "it takes duplicate keys and names in the wrong case: use strictjson or go-json-experiment"},
	{"net/http", "shared/gateway shared/conomy shared/blnk shared/boot shared/auth/federation infra", "HTTP ends at the dialects; federation asks issuers for their keys"},
	{"os", "shared/boot shared/table/pebble infra", "the environment and the files are not theirs"},
}

// vague lists package names that do not say what is in a package.
var vague = []string{"util", "utils", "common", "helper", "helpers", "model", "models", "types", "misc", "base", "core"}

const maxLines = 400

// testHelpers are the packages of infra that any test may import.
var testHelpers = []string{"infra/apitest", "infra/openapi", "infra/privacytest", "infra/testenv", "infra/invariants"}

// file is a parsed Go file of this module.
type file struct {
	path, dir string // slash-separated, from the root
	lines     int
	*ast.File
}

func (f *file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

func (f *file) imports() (list []string) {
	for _, i := range f.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		list = append(list, p)
	}
	return list
}

// files returns every Go file outside testdata and hidden folders.
func files(t *testing.T) (all []*file) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(".."), ".", func(p string, entry fs.DirEntry, err error) error {
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
			for _, c := range confined {
				isAllowed := func(p string) bool { return within(f.dir, p) }
				if !f.isTest() && within(imported, c.path) && !slices.ContainsFunc(strings.Fields(c.packages), isAllowed) {
					t.Errorf("%s may not import %s: %s", f.path, imported, c.reason)
				}
			}
		}
		if ours, ok := strings.CutPrefix(f.dir, "shared/"); ok && !known(ours) {
			t.Errorf("%s: package %s is not in the table of imports", f.path, ours)
		}
	}
}

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
	case f.isTest() && slices.Contains(testHelpers, ours):
		return true
	case target != "shared":
		return false // only infra imports infra or functions
	case layer == "functions":
		return slices.Contains(functionImports(name), rest)
	case f.isTest():
		return known(rest)
	}
	return slices.Contains(strings.Fields(imports[name]), rest)
}

// functionImports returns what a function may import: one API, never two.
func functionImports(name string) []string {
	list := []string{"boot", "boot/tokens", "boot/tokenization", "gateway", "auth", "apidocs"}
	group, operation, _ := strings.Cut(name, "/")
	switch group {
	case "conomy", "blnk":
		return append(list, group, "boot/"+group)
	case "authorizers":
		return append(list, operation)
	case "jobs":
		return append(list, "boot/delivery", "boot/cleanup")
	}
	return list
}

// within reports whether p is the path or below it. A path that ends in a slash is a prefix.
func within(p, above string) bool {
	return p == above || strings.HasPrefix(p, strings.TrimSuffix(above, "/")+"/")
}

// TestSource checks that only boot and infra read the environment, and that the core has no wire format.
func TestSource(t *testing.T) {
	readers := regexp.MustCompile(`\b(os|syscall)\.(Getenv|LookupEnv|Environ|ExpandEnv)\b`)
	core := []string{"shared/identity", "shared/registry", "shared/jobs"}
	for _, f := range files(t) {
		isReader := within(f.dir, "shared/boot") || within(f.dir, "infra")
		for n := range ast.Preorder(f.File) {
			if s, ok := n.(*ast.SelectorExpr); ok && !f.isTest() && !isReader && readers.MatchString(types.ExprString(s)) {
				t.Errorf("%s reads the environment: only boot and infra may", f.path)
			}
			if field, ok := n.(*ast.Field); ok && field.Tag != nil && slices.Contains(core, f.dir) {
				t.Errorf("%s has the struct tag %s, want none", f.path, field.Tag.Value)
			}
		}
	}
}

func TestPackages(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range files(t) {
		if name := strings.TrimSuffix(f.Name.Name, "_test"); slices.Contains(vague, name) {
			t.Errorf("%s: the package name %s is too vague", f.path, name)
		}
		if f.isTest() {
			continue
		}
		if f.lines > maxLines {
			t.Errorf("%s has %d lines, want at most %d", f.path, f.lines, maxLines)
		}
		want := "Package " + f.Name.Name + " "
		if f.Name.Name == "main" {
			want = "Command "
		}
		documented[f.dir] = documented[f.dir] || strings.HasPrefix(f.Doc.Text(), want)
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

func TestFolders(t *testing.T) {
	for folder, allowed := range map[string][]string{
		"..": strings.Fields("functions shared infra events template.yaml samconfig.toml go.mod go.sum Makefile README.md LICENSE"),
		".":  append(slices.Collect(maps.Keys(imports)), "layout_test.go"),
	} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(allowed, e.Name()) {
				t.Errorf("%s does not belong in %s", e.Name(), folder)
			}
		}
	}
}
