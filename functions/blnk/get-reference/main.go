// Command get-reference serves GET /openapi.yaml, /docs and /docs/redoc.js of the Blnk API.
package main

import (
	"cedula/shared/apidocs"
	"cedula/shared/blnk"
	"cedula/shared/gateway"
)

func main() { gateway.Start(&blnk.API{Reference: apidocs.Blnk}, "get-reference") }
