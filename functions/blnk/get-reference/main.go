// Command get-reference serves GET /openapi.yaml, /docs and /docs/redoc.js in Blnk's dialect.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/gateway"
	"cedula/shared/reference"
)

func main() {
	gateway.Start(&blnk.API{Reference: reference.Blnk}, "get-reference")
}
