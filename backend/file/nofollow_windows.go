package file

const noFollow = 0 // links need a privilege on Windows
