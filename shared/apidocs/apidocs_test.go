package apidocs_test

import (
	"bytes"
	"regexp"
	"testing"
	"unicode/utf8"

	"cedula/shared/apidocs"
)

var dialects = []apidocs.Files{apidocs.Conomy, apidocs.Blnk}

func TestFiles(t *testing.T) {
	for _, d := range dialects {
		for path, want := range map[string]string{
			"/openapi.yaml":  "title: Cedula, in " + d.Dialect + "'s dialect",
			"/docs":          "<title>Cedula, in " + d.Dialect + "'s dialect</title>",
			"/docs/redoc.js": "Redoc",
		} {
			content, media := d.File(path)
			if !bytes.Contains(content, []byte(want)) || media == "" {
				t.Errorf("%s %s: %d bytes of %q without %s", d.Dialect, path, len(content), media, want)
			}
			if !utf8.Valid(content) {
				t.Errorf("%s %s is no text: API Gateway would need to be told so", d.Dialect, path)
			}
			if len(content) > 4<<20 {
				t.Errorf("%s %s has %d bytes, and Lambda answers at most 6 MB, quoted", d.Dialect, path, len(content))
			}
		}
		if content, _ := d.File("/secret"); content != nil {
			t.Errorf("%s has another file", d.Dialect)
		}
	}
}

// The page asks for nothing but its own files.
func TestPageIsSelfContained(t *testing.T) {
	for _, d := range dialects {
		page, _ := d.File("/docs")
		for _, m := range regexp.MustCompile(`(?:src|href|spec-url)="([^"]*)"`).FindAllSubmatch(page, -1) {
			switch string(m[1]) {
			case "openapi.yaml", "docs/redoc.js", "data:,":
			default:
				t.Errorf("%s: the page asks for %s", d.Dialect, m[1])
			}
		}
		script, _ := d.File("/docs/redoc.js")
		if bytes.Contains(script, []byte("cdn.redoc.ly")) {
			t.Errorf("%s: the script asks another host for a logo", d.Dialect)
		}
	}
}
