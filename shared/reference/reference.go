// Package reference holds the contract of Conomy's dialect and the page that
// shows it, as they are served.
// It knows nothing of HTTP and of what the contract says.
package reference

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the files below
	"io"
)

// Contract is the OpenAPI document.
//
//go:embed conomy.yaml
var Contract []byte

//go:embed docs.html
var page []byte

// script is Redoc, which draws the page. `make redoc` fetches it.
//
//go:embed redoc.js.gz
var script []byte

// Files are the contract and its page by the paths of the dialect's routes.
type Files struct{}

// File returns what stands under a path and its media type, or nil.
func (Files) File(path string) (content []byte, mediaType string) {
	switch path {
	case "/openapi.yaml":
		return Contract, "application/yaml; charset=utf-8"
	case "/docs":
		return page, "text/html; charset=utf-8"
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
