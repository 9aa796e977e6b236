// Command search serves POST /search/identities and POST /multi-search in Blnk's dialect.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&blnk.API{}, "search")
}
