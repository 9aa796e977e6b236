// Command get-root serves GET / in Blnk's dialect.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&blnk.API{}, "get-root")
}
