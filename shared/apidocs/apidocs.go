// Package apidocs holds the contract of each dialect and the page that shows
// it, as they are served.
// It knows nothing of HTTP and of what the contracts say.
package apidocs

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the files below
	"io"
)

//go:embed conomy.yaml
var conomyContract []byte

//go:embed blnk.yaml
var blnkContract []byte

// docsPage has the word DIALECT where the dialect's name stands.
//
//go:embed docs.html
var docsPage []byte

// redocScript is Redoc, which draws the page. infra/ci/redoc.sh fetches it.
//
//go:embed redoc.js.gz
var redocScript []byte

// Files are a dialect's contract and its page.
type Files struct {
	Dialect  string // as the page calls it
	Contract []byte // the OpenAPI document
}

// The dialects.
var (
	Conomy = Files{"Conomy", conomyContract}
	Blnk   = Files{"Blnk", blnkContract}
)

// File returns what stands under a path of the dialects' routes and its media
// type, or nil.
func (f Files) File(path string) (content []byte, mediaType string) {
	switch path {
	case "/openapi.yaml":
		return f.Contract, "application/yaml; charset=utf-8"
	case "/docs":
		return bytes.ReplaceAll(docsPage, []byte("DIALECT"), []byte(f.Dialect)), "text/html; charset=utf-8"
	case "/docs/redoc.js":
		return gunzip(redocScript), "text/javascript; charset=utf-8"
	}
	return nil, ""
}

// gunzip is done on each request: the page is asked for rarely, and text needs
// no binary media type in API Gateway.
func gunzip(packed []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic("apidocs: the script is no gzip: " + err.Error())
	}
	text, err := io.ReadAll(z)
	if err != nil {
		panic("apidocs: the script is cut off: " + err.Error())
	}
	return text
}
