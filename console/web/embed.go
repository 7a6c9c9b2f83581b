// Package web holds the console's page, which `make build` makes of this folder with Vite.
package web

import (
	"embed"
	"io/fs"
)

// dist holds what Vite built, or, in a fresh clone, only .keep.
//
//go:embed all:dist placeholder
var files embed.FS

// Files are the page's. built is false where they were not built into this program: the page then says how to.
func Files() (page fs.FS, built bool) {
	folder := "dist"
	if _, err := fs.Stat(files, "dist/index.html"); err != nil {
		folder = "placeholder"
	}
	page, err := fs.Sub(files, folder)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return page, folder == "dist"
}
