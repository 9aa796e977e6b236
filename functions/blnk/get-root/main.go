// Command get-root serves GET / of the Blnk API.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/gateway"
)

func main() { gateway.Start(&blnk.API{}, "get-root") }
