package reference_test

import (
	"bytes"
	"regexp"
	"testing"
	"unicode/utf8"

	"cedula/shared/reference"
)

func TestFiles(t *testing.T) {
	for path, want := range map[string]string{
		"/openapi.yaml": "openapi: 3.1.0", "/docs": "<redoc spec-url=", "/docs/redoc.js": `Version: "2.5.4"`,
	} {
		content, media := reference.Files{}.File(path)
		if path == "/docs/redoc.js" {
			want = "Redoc"
		}
		if !bytes.Contains(content, []byte(want)) || media == "" {
			t.Errorf("%s: %d bytes of %q without %s", path, len(content), media, want)
		}
		if !utf8.Valid(content) {
			t.Errorf("%s is no text: API Gateway would need to be told so", path)
		}
		if len(content) > 4<<20 {
			t.Errorf("%s has %d bytes, and Lambda answers at most 6 MB, quoted", path, len(content))
		}
	}
	if content, _ := (reference.Files{}).File("/secret"); content != nil {
		t.Error("there is another file")
	}
}

// The page asks for nothing but its own files.
func TestPageIsSelfContained(t *testing.T) {
	page, _ := reference.Files{}.File("/docs")
	for _, m := range regexp.MustCompile(`(?:src|href|spec-url)="([^"]*)"`).FindAllSubmatch(page, -1) {
		switch string(m[1]) {
		case "openapi.yaml", "docs/redoc.js", "data:,":
		default:
			t.Errorf("the page asks for %s", m[1])
		}
	}
	script, _ := reference.Files{}.File("/docs/redoc.js")
	if bytes.Contains(script, []byte("cdn.redoc.ly")) {
		t.Error("the script asks another host for a logo")
	}
}
