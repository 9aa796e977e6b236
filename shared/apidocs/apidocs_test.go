package apidocs_test

import (
	"bytes"
	"regexp"
	"testing"
	"unicode/utf8"

	"cedula/shared/apidocs"
)

var all = []apidocs.Files{apidocs.Conomy, apidocs.Blnk}

func TestFiles(t *testing.T) {
	const maxBytes = 4 << 20 // Lambda responses have at most 6 MB, as a JSON string
	for _, f := range all {
		for path, want := range map[string]string{
			"/openapi.yaml":  "title: Cedula – " + f.Dialect + " API",
			"/docs":          "<title>Cedula – " + f.Dialect + " API</title>",
			"/docs/redoc.js": "Redoc",
		} {
			content, mediaType := f.File(path)
			if !bytes.Contains(content, []byte(want)) || mediaType == "" {
				t.Errorf("%s %s: %d bytes of type %q, want %q in them", f.Dialect, path, len(content), mediaType, want)
			}
			if !utf8.Valid(content) {
				t.Errorf("%s %s is not UTF-8: API Gateway would need a binary media type", f.Dialect, path)
			}
			if len(content) > maxBytes {
				t.Errorf("%s %s has %d bytes, want at most %d", f.Dialect, path, len(content), maxBytes)
			}
		}
		if content, _ := f.File("/secret"); content != nil {
			t.Errorf("%s /secret has %d bytes, want none", f.Dialect, len(content))
		}
	}
}

func TestPageLoadsOnlyItsOwnFiles(t *testing.T) {
	own := map[string]bool{"openapi.yaml": true, "docs/redoc.js": true, "data:,": true}
	for _, f := range all {
		page, _ := f.File("/docs")
		for _, m := range regexp.MustCompile(`(?:src|href|spec-url)="([^"]*)"`).FindAllSubmatch(page, -1) {
			if url := string(m[1]); !own[url] {
				t.Errorf("%s: the page loads %s, want only its own files", f.Dialect, url)
			}
		}
		if script, _ := f.File("/docs/redoc.js"); bytes.Contains(script, []byte("cdn.redoc.ly")) {
			t.Errorf("%s: the script loads a logo from another host", f.Dialect)
		}
	}
}
