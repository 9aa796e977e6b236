// Package apidocs holds the OpenAPI contract of each API and the page that shows it. It imports nothing of this module
// and knows no HTTP.
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

// docsPage contains the word API_NAME in place of the API's name.
//
//go:embed docs.html
var docsPage []byte

// redocScript is Redoc, which renders the page. infra/ci/redoc.sh downloads it.
//
//go:embed redoc.js.gz
var redocScript []byte

// Files are the contract of an API and the page that shows it.
type Files struct {
	Dialect  string // name of the API, in the title of the page
	Contract []byte // OpenAPI document
}

// The APIs.
var (
	Conomy = Files{"Conomy", conomyContract}
	Blnk   = Files{"Blnk", blnkContract}
)

// File returns the content for a path of the API's routes and its media type; nil for any other path.
func (f Files) File(path string) (content []byte, mediaType string) {
	switch path {
	case "/openapi.yaml":
		return f.Contract, "application/yaml; charset=utf-8"
	case "/docs":
		return bytes.ReplaceAll(docsPage, []byte("API_NAME"), []byte(f.Dialect)), "text/html; charset=utf-8"
	case "/docs/redoc.js":
		return gunzip(redocScript), "text/javascript; charset=utf-8"
	}
	return nil, ""
}

// gunzip decompresses the script on each request: requests are rare, and uncompressed text needs no binary media type
// in API Gateway. It panics if the embedded file is damaged.
func gunzip(compressed []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		panic("apidocs: " + err.Error())
	}
	text, err := io.ReadAll(r)
	if err != nil {
		panic("apidocs: " + err.Error())
	}
	return text
}
