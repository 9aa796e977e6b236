// Command search serves POST /search/identities and POST /multi-search of the Blnk API.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/gateway"
)

func main() { gateway.Start(&blnk.API{}, "search") }
