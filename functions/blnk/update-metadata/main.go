// Command update-metadata serves POST /{id}/metadata of the Blnk API.
package main

import "cedula/shared/boot/blnk"

func main() { blnk.Start("update-metadata") }
