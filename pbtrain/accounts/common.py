"""Passwords that are tried first: words of the place and the office, and the most common ones. Lower case.

Nothing here is copied from a published list: the habits by which people choose are written down, and the
list follows from them: more than ten thousand passwords. `habits` refuses every other one of the same make.
"""

from itertools import product

_PLACES = """
huhehaote hohhot yuquan yuquanqu xincheng huimin saihan neimenggu
neimeng baotou dangyuan dangzhibu zhibu dangwei dangke dangjian zuzhibu zuzhi shuji zhibushuji
gongchandang zhonggong xuexi xuexiqiangguo peixun dangxiao jiaoyu pbtrain office bangong bangongshi
admin administrator root user test guest demo manager system party branch secretary training 玉泉区
呼和浩特 内蒙古 党员 党支部 支部 党员教育 组织部 书记 学习强国
"""

_COMMON = """
12345678 123456789 1234567890 12345678910 0123456789 987654321 9876543210 87654321 11111111
111111111 1111111111 00000000 000000000 0000000000 88888888 888888888 66666666 666666666 99999999
22222222 33333333 44444444 55555555 77777777 11223344 1122334455 12341234 123123123 123321123
12344321 123454321 123456123 123456123456 12121212 31415926 314159265 52013140 5201314520 13145200
1314520520 520520520 147258369 147852369 159357456 741852963 789456123 963852741 102030405 10203040
01234567 1qaz2wsx 1qaz2wsx3edc 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4 q1w2e3r4t5 qazwsxedc
qazwsx123 qwertyui qwertyuiop qwerty123 qwerty1234 qwer1234 qwer123456 asdfghjk asdfghjkl asdf1234
zxcvbnm1 zxcvbnm123 zxcvbnmasdf 1234qwer 12345qwert 123456qwerty 123qweasd 123qweasdzxc 123qwe123
123qwe456 qweasdzxc qweasd123 a12345678 a123456789 a1234567 a11111111 aa123456 aa123456789
aa12345678 aaa123456 ab123456 abc12345 abc123456 abc123456789 abcd1234 abcd12345 abcd123456
abcde12345 abcdefgh abcdefg1 abcdefg123 abc12345678 abcabc123 aaaaaaaa aaaaaaaaa asd123456
asd123456789 as123456 qq123456 qq123456789 qq123123 w123456789 woaini123 woaini1314 woaini520
woaini521 woaiwojia woaizuguo wo123456 ai123456 zhongguo zhongguo123 beijing123 china123 china1949
zhang123 wang1234 li123456 liu123456 chen123456 password password1 password12 password123
password1234 passw0rd p@ssw0rd p@ssword p@ssw0rd123 pass1234 passwd123 mima1234 mima123456 mimamima
iloveyou iloveyou1 iloveyou520 ilovechina loveyou520 welcome1 welcome123 letmein1 letmein123
admin123 admin1234 admin12345 admin123456 admin888 admin8888 admin@123 administrator root1234
root123456 test1234 test123456 testtest guest123 user1234 user123456 master123 superman batman123
football baseball basketball sunshine princess computer internet dragon123 monkey123 shadow123
michael1 jennifer jordan23 trustno1 starwars whatever changeme changeme123 default1 system123
server123 oracle123 linux123 windows1 windows10 microsoft google123 facebook samsung123 huawei123
xiaomi123 taobao123 tencent123 wechat123 weixin123 dangyuan123 dangyuan1921 dangzhibu1 dangzhibu123
gongchandang1921 zhibu123 xuexi123 xuexi2026 peixun123 peixun2026 dangjian123 dangxiao123 yuquan123
yuquanqu1 hohhot123 huhehaote1 neimenggu1 neimenggu123 bangong123 bangongshi1 19210701 19491001
20080808 20200101 20210701 20221016 20250101 20260101 20260701 19700101 19800101 19900101 20000101
1921peixun z123456789 zxc123456 zxc12345 zz123456 xx123456 x123456789 q123456789 qwe123456 qwe12345
qwe123qwe s123456789 d123456789 c123456789 1a2b3c4d 1a2b3c4d5e a1b2c3d4 a1b2c3d4e5 aabbccdd aa112233
abc112233 asdasdasd asdqwe123 zaq12wsx zaq1xsw2 xsw21qaz !qaz2wsx 1qaz@wsx 1qazxsw2 q1q1q1q1
qwqwqwqw qqqqqqqq wwwwwwww zzzzzzzz xxxxxxxx ssssssss dddddddd 18181818 16881688 88886666 66668888
88880000 10101010 20202020 13131313 14141414 15151515 19191919 21212121 23232323 25252525 25802580
80808080 98765432 99998888 12348765 43218765 11112222 22221111 12312312 12332100 45645645 78978978
13579246 24681357 135792468 246813579 123698745 159753456 357159456 951753456 112233445566
123456654321 111222333 111222333444 147147147 258258258 369369369 789789789 456456456 321321321
100200300 123789456 123456abc 123456aa 123456asd 123456qq 1234567a 12345678a 123456789a 123456789q
123456789z 1234567890a 1234abcd
"""

_SURNAMES = """
li wang zhang liu chen yang zhao huang zhou wu xu sun hu zhu gao lin he guo ma luo liang song zheng
xie han tang feng yu dong xiao cheng cao yuan deng fu shen zeng peng lv su lu jiang cai jia ding wei
xue ye yan pan du dai xia zhong tian ren fan fang shi yao tan liao zou xiong jin hao kong bai cui
kang mao qiu qin gu hou shao meng long wan duan qian yin yi chang wuyun bate naren qiqige
"""
_WORDS = """
admin root test guest user demo love baby happy lucky angel honey money china zhongguo beijing
shanghai woaini aini laopo laogong baobao baobei mama baba wode mima denglu wangluo diannao computer
password passwd pass login welcome hello qwer qwert qwerty asdf asdfg zxcv zxcvb qaz wsx abc abcd
abcde aaa aaaa qqq www zxc asd qwe iloveyou dragon master monkey shadow sunshine princess football
superman summer spring winter autumn tiger system server office work
"""
_TAILS = """
1 12 123 1234 12345 123456 1234567 12345678 123456789 111 1111 111111 000 0000 000000 888 8888 666
6666 88888888 520 521 1314 5201314 321 654321 168 110 119 2024 2025 2026 2027 1921 1949 1978 2021 !
@ # . 123! 123. 123@ @123 a
"""
_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz")


def _runs() -> set[str]:
    """Keys side by side, in both directions, of 8 and more or twice the same four and more."""
    found = set()
    for row in (*_ROWS, *(row[::-1] for row in _ROWS)):
        for start, length in product(range(len(row)), range(3, len(row) + 1)):
            piece = row[start : start + length]
            if len(piece) == length:
                found |= {piece} if length >= 8 else {piece * 2, piece * 3}
    return {one for one in found if len(one) >= 8}


def _made() -> set[str]:
    """Words and surnames with what people hang on to them, in front or behind."""
    pairs = product({*_SURNAMES.split(), *_WORDS.split(), *_PLACES.split()}, _TAILS.split())
    return {one for word, tail in pairs for one in (word + tail, tail + word) if len(one) >= 8}


COMMON = frozenset(_COMMON.split()) | _runs() | _made()
STEMS = frozenset((_PLACES + _WORDS + _SURNAMES).split())
