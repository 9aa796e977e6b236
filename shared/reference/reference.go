// Package reference holds the contract of each dialect and the page that shows
// it, as they are served.
// It knows nothing of HTTP and of what the contracts say.
package reference

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the files below
	"io"
)

//go:embed conomy.yaml
var conomy []byte

//go:embed blnk.yaml
var blnk []byte

// page has the word DIALECT where the dialect's name stands.
//
//go:embed docs.html
var page []byte

// script is Redoc, which draws the page. `make redoc` fetches it.
//
//go:embed redoc.js.gz
var script []byte

// Files are a dialect's contract and its page.
type Files struct {
	Dialect  string // as the page calls it
	Contract []byte // the OpenAPI document
}

// The dialects.
var (
	Conomy = Files{"Conomy", conomy}
	Blnk   = Files{"Blnk", blnk}
)

// File returns what stands under a path of the dialects' routes and its media
// type, or nil.
func (f Files) File(path string) (content []byte, mediaType string) {
	switch path {
	case "/openapi.yaml":
		return f.Contract, "application/yaml; charset=utf-8"
	case "/docs":
		return bytes.ReplaceAll(page, []byte("DIALECT"), []byte(f.Dialect)), "text/html; charset=utf-8"
	case "/docs/redoc.js":
		return unpack(script), "text/javascript; charset=utf-8"
	}
	return nil, ""
}

// unpack is done on each request: the page is asked for rarely, and text needs
// no binary media type in API Gateway.
func unpack(packed []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic("reference: the script is no gzip: " + err.Error())
	}
	text, err := io.ReadAll(z)
	if err != nil {
		panic("reference: the script is cut off: " + err.Error())
	}
	return text
}
