// json-server keeps in memory what a module returns, and writes no file.
module.exports = () => ({ users: [] })
