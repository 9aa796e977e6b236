// Command search-identities serves POST /identities/search of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("search-identities") }
