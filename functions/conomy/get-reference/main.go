// Command get-reference serves GET /openapi.yaml, /docs and /docs/redoc.js in Conomy's dialect.
package main

import (
	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/reference"
)

func main() {
	gateway.Start(&conomy.API{Reference: reference.Conomy}, "get-reference")
}
